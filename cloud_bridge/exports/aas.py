"""The shell around a passport: submodels of the Asset Administration Shell, to and from plain JSON.

IDTA 01001-3-0 (metamodel V3). A shape names the elements of a submodel; a plain document
(objects, lists, values) of that shape becomes typed elements with their semantic ids, and comes
back from them by its names. What a shape does not know is left alone when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Json = dict[str, Any]
Kind = Literal["Property", "MultiLanguageProperty", "File", "Group", "List"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a submodel.

    Attributes:
        name: `idShort`.
        kind: what it is in the metamodel.
        of: XML Schema type of a Property, content type of a File, "" for others.
        meaning: semantic id; one that begins with `#` is completed by its submodel's.
        inside: elements of a Group, the one element that a List repeats.
    """

    name: str
    kind: Kind
    of: str
    meaning: str
    inside: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One submodel.

    Attributes:
        name: `idShort`.
        meaning: semantic id of the submodel.
        terms: what semantic ids of its elements begin with.
        template: id of the template, without its version.
        inside: its elements.
    """

    name: str
    meaning: str
    terms: str
    template: str
    inside: tuple[Element, ...]


def prop(name: str, of: str = "string", meaning: str = "") -> Element:
    """A value of an XML Schema type."""
    return Element(name, "Property", f"xs:{of}", meaning or _term(name))


def words(name: str, meaning: str = "") -> Element:
    """A text in languages."""
    return Element(name, "MultiLanguageProperty", "", meaning or _term(name))


def file(name: str, of: str, meaning: str) -> Element:
    """A file by its address."""
    return Element(name, "File", of, meaning)


def group(name: str, *inside: Element, meaning: str = "") -> Element:
    """Elements under one name."""
    return Element(name, "Group", "", meaning or _term(name), inside)


def many(name: str, of: Element, meaning: str = "") -> Element:
    """A list of one kind of element."""
    return Element(name, "List", "", meaning or _term(name), (of,))


def submodel(shape: Shape, document: Mapping[str, Any], identifier: str) -> Json:
    """The submodel of a document; elements without a value are left out."""
    return {
        "idShort": shape.name,
        "administration": {"version": "1", "revision": "0", "templateId": shape.template},
        "id": identifier,
        "kind": "Instance",
        "semanticId": _reference(shape.meaning),
        "submodelElements": _elements(shape.inside, document, shape.terms),
        "modelType": "Submodel",
    }


def document_of(shape: Shape, found: Json) -> Json:
    """The plain document of a submodel."""
    return _plain(shape.inside, found.get("submodelElements", []))


def _term(name: str) -> str:
    """SAMM names properties by the element's name with a small first letter."""
    return f"#{name[0].lower()}{name[1:]}"


def _elements(shapes: Iterable[Element], document: Mapping[str, Any], terms: str) -> list[Json]:
    made = (_element(one, document[one.name], terms) for one in shapes if one.name in document)
    return [one for one in made if one is not None]


def _element(shape: Element, value: Any, terms: str) -> Json | None:
    made: Json = {"idShort": shape.name, "semanticId": _reference(_full(shape.meaning, terms))}
    content = _CONTENT[shape.kind](shape, value, terms)
    return made | content if content else None


def _property(shape: Element, value: Any, _: str) -> Json:
    return {"modelType": "Property", "valueType": shape.of, "value": _text(shape.of, value)}


def _words(_: Element, value: Any, __: str) -> Json:
    return {"modelType": "MultiLanguageProperty", "value": [{"language": "en", "text": value}]}


def _file(shape: Element, value: Any, _: str) -> Json:
    return {"modelType": "File", "contentType": shape.of, "value": value}


def _group(shape: Element, value: Any, terms: str) -> Json | None:
    inside = _elements(shape.inside, value, terms)
    return {"modelType": "SubmodelElementCollection", "value": inside} if inside else None


def _list(shape: Element, value: Any, terms: str) -> Json | None:
    (kind,) = shape.inside
    made = [one for one in (_element(kind, item, terms) for item in value) if one]
    for one in made:
        del one["idShort"]  # elements of a list have none (constraint AASd-120)
    if not made:
        return None
    types = {"typeValueListElement": made[0]["modelType"]}
    if kind.kind == "Property":
        types["valueTypeListElement"] = kind.of
    means = _reference(_full(kind.meaning, terms))
    return {
        "modelType": "SubmodelElementList",
        "semanticIdListElement": means,
        **types,
        "value": made,
    }


_CONTENT: Final[Mapping[Kind, Callable[[Element, Any, str], Json | None]]] = {
    "Property": _property,
    "MultiLanguageProperty": _words,
    "File": _file,
    "Group": _group,
    "List": _list,
}


def _plain(shapes: Iterable[Element], elements: Any) -> Json:
    """What stands in elements, by the names that the shapes know."""
    by_name = {one.get("idShort"): one for one in elements}
    found = {one.name: _value(one, by_name[one.name]) for one in shapes if one.name in by_name}
    return {name: value for name, value in found.items() if value is not None}


def _value(shape: Element, element: Json) -> Any:
    value = element.get("value")
    if value is None:
        return None
    match shape.kind:
        case "Property":
            return _number(shape.of, str(value))
        case "MultiLanguageProperty":
            return value[0]["text"] if value else None
        case "Group":
            return _plain(shape.inside, value)
        case "List":
            return [_value(shape.inside[0], one) for one in value]
    return value


def _text(of: str, value: Any) -> str:
    """The lexical form of XML Schema."""
    if of in _WHOLE:
        return str(round(value))
    if of == "xs:boolean":
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def _number(of: str, text: str) -> Any:
    if of in _WHOLE:
        return int(text)
    if of in _REAL:
        return float(text)
    return text == "true" if of == "xs:boolean" else text


def _full(meaning: str, terms: str) -> str:
    return terms + meaning if meaning.startswith("#") else meaning


def _reference(meaning: str) -> Json:
    keys = [{"type": "GlobalReference", "value": meaning}]
    return {"type": "ExternalReference", "keys": keys}


_WHOLE: Final = frozenset({"xs:integer", "xs:unsignedInt"})
_REAL: Final = frozenset({"xs:float", "xs:double", "xs:decimal"})
