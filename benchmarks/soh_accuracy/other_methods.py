"""Methods of others on all features of a task: what the readings can tell, whoever asks them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from benchmarks.soh_accuracy.reference_tasks import Floats, Rows, Task

INNER: Final = 4
MOST_ROWS: Final = 600
"""Rows to learn from, drawn evenly: more of the same units add nothing but time."""


def boosted(task: Task, known: Rows, asked: Rows) -> Floats:
    """Gradient boosted trees, [m]."""
    model = GradientBoostingRegressor(
        loss="absolute_error", subsample=0.7, max_features=0.3, random_state=1
    )
    grid = {"n_estimators": [100, 400], "max_depth": [2, 4], "learning_rate": [0.05]}
    return _chosen(model, grid, task, known, asked)


def supported(task: Task, known: Rows, asked: Rows) -> Floats:
    """Support vectors with a radial kernel, [m]."""
    model = make_pipeline(StandardScaler(), SVR(epsilon=0.005, cache_size=100))
    grid = {"svr__C": [0.03, 0.3, 3.0], "svr__gamma": [0.0003, 0.003, 0.03]}
    return _chosen(model, grid, task, known, asked)


def _chosen(model: Any, grid: Any, task: Task, known: Rows, asked: Rows) -> Floats:
    """The answers of the settings that told left-out units of the known ones best."""
    known = known[:: max(1, len(known) // MOST_ROWS)]
    units = task.unit[known]
    folds = min(INNER, len(np.unique(units)))
    features, soh = task.features[known], task.soh[known]
    if folds == 1:
        first = {name: values[len(values) // 2] for name, values in grid.items()}
        found = model.set_params(**first).fit(features, soh)
    else:
        split = GroupKFold(folds)
        search = GridSearchCV(model, grid, cv=split, scoring="neg_mean_absolute_error")
        found = search.fit(features, soh, groups=units)
    return np.asarray(found.predict(task.features[asked]))


def nearest(task: Task) -> str:
    """Half the mean difference of SoH to the nearest reading of another unit."""
    scaled = StandardScaler().fit_transform(task.features)
    differences = []
    for unit in np.unique(task.unit):
        mine, others = task.unit == unit, task.unit != unit
        far = ((scaled[mine, None, :] - scaled[None, others, :]) ** 2).sum(axis=2)
        differences.append(np.abs(task.soh[mine] - task.soh[others][far.argmin(axis=1)]))
    return f"{50 * np.concatenate(differences).mean():.2f}"
