"""A person's mistakes: one line on standard error with the remedy, exit code 2, no traceback.

Every case runs the command as a process, as that person would, in an empty folder.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "can_decoder" / "profiles" / "shipped"
CODE = "000PB000000000G410000007"
RUBBISH = bytes(range(256)) * 8
FRAME = "(1700000000.000000) can0 123#0011223344556677\n"

# Even root is refused by a file's mode without these two capabilities.
AS_A_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
# A write beyond this is refused as on a full disk: EFBIG instead of ENOSPC.
SMALL_DISK = ("sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "sh")


def packtrail(*words, folder, before=(), language="C.UTF-8"):
    """The command in a process of its own; its exit code and both outputs."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LANG": language, "NO_COLOR": "1"}
    return subprocess.run(
        [*before, sys.executable, "-m", "packtrail", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def line_of(done):
    """The one line that a mistake is answered with."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    # What was begun before the mistake was found may have been logged, as JSON.
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(told) == 1, done.stderr
    assert told[0].startswith("packtrail: ")
    return told[0]


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """A folder with good settings of both roles, and files that are not what they should be."""
    folder = tmp_path_factory.mktemp("station")
    assert packtrail("bridge", "init", "b", folder=folder).returncode == 0
    key = packtrail("key", "show", "--public", "b/bridge.pem", folder=folder).stdout.strip()
    assert packtrail("gateway", "init", "g", "--bridge-key", key, folder=folder).returncode == 0
    amend(folder / "g/gateway.toml", '"socketcan"', '"virtual"')
    (folder / "frame.log").write_text(FRAME)
    (folder / "rubbish").write_bytes(RUBBISH)
    (folder / "rubbish.dbc").write_bytes(RUBBISH)
    (folder / "rubbish.toml").write_bytes(RUBBISH)
    (folder / "zeros.log").write_bytes(bytes(5000))
    (folder / "empty.log").touch()
    (folder / "empty.dbc").touch()
    (folder / "empty.toml").touch()
    (folder / "table.csv").write_text("a,b\n1,2\n")
    (folder / "folder").mkdir()
    return folder


def amend(path, old, new, to=None):
    """Replace text that has to be there."""
    text = path.read_text("utf-8")
    assert old in text
    (to or path).write_text(text.replace(old, new), "utf-8")


LINES = [
    # words of the command; what the line says; what it advises
    ("nonsense", "no such command", "packtrail --help"),
    ("gateway nonsense", "no such command", "packtrail gateway --help"),
    ("decode", "required: log", "packtrail decode --help"),
    ("decode frame.log --nonsense", "unrecognized", "packtrail decode --help"),
    ("gateway run", "required: --settings", "packtrail gateway run --help"),
    ("bridge trust a b --role king", "invalid choice", "maker"),
    ("gateway run --settings none.toml", "no such file", "check the path"),
    ("gateway check --settings none.toml", "no such file", "check the path"),
    ("bridge run --settings none.toml", "no such file", "check the path"),
    ("bridge check --settings none.toml", "no such file", "check the path"),
    ("bridge check", "bridge.toml: cannot be read", "check the path"),
    ("simulate station --settings none.toml", "no such file", "check the path"),
    ("gateway run --settings folder", "is a directory", "check the path"),
    ("bridge run --settings folder", "is a directory", "check the path"),
    ("gateway run --settings rubbish.toml", "not TOML", "correct the file"),
    ("bridge check --settings rubbish.toml", "not TOML", "correct the file"),
    ("gateway check --settings empty.toml", "broker: is missing", "correct the file"),
    ("bridge run --settings empty.toml", "key_file: is missing", "correct the file"),
    ("gateway init g", "exists", "choose another folder"),
    ("gateway init frame.log/g", "no directory", "check the path"),
    ("gateway init new --id two\twords", "has to look like", "correct the file"),
    ("gateway init new --bridge-key short", "not base64", "packtrail key show"),
    ("bridge init frame.log", "cannot be written", "another folder"),
    (f"gateway replay none.log --profile sim_sxa --pack {CODE}", "no such file", "check the path"),
    (f"gateway replay empty.log --profile sim_sxa --pack {CODE}", "no CAN frame", "choose a log"),
    (f"gateway replay rubbish --profile sim_sxa --pack {CODE}", "no CAN frame", "choose a log"),
    (f"gateway replay zeros.log --profile sim_sxa --pack {CODE}", "no CAN frame", "choose a log"),
    (f"gateway replay frame.log --profile none --pack {CODE}", "no profile", "sim_sxa"),
    (f"gateway replay frame.log --profile sim_sxa --pack {CODE[:-1]}", "23", "the label"),
    (f"gateway replay frame.log --profile sim_sxa --pack {CODE[:-1]}!", "character 24", "label"),
    (
        f"gateway replay frame.log --profile sim_sxa --dbc none.dbc --pack {CODE}",
        "none.dbc: the database file cannot be read: no such file",
        "check the path",
    ),
    (
        f"gateway replay frame.log --profile sim_sxa --dbc rubbish.dbc --pack {CODE}",
        "no message in it",
        "choose a database file",
    ),
    (
        f"gateway replay frame.log --profile sim_sxa --wait 0 --pack {CODE}",
        "understands none",
        "choose the vehicle's profile",
    ),
    (
        f"gateway replay frame.log --profile sim_sxa --speed 0 --pack {CODE}",
        "--speed",
        "packtrail gateway replay --help",
    ),
    ("decode frame.log", "nothing to decode with", "--dbc FILE"),
    ("decode none.log --profile sim_sxa", "no such file", "check the path"),
    ("decode folder --profile sim_sxa", "is a directory", "check the path"),
    ("decode empty.log --profile sim_sxa", "no CAN frame", "choose a log"),
    ("decode rubbish --profile sim_sxa", "no CAN frame", "choose a log"),
    ("decode zeros.log --profile sim_sxa", "no CAN frame", "choose a log"),
    ("decode frame.log --profile none", "no profile", "sim_sxa"),
    ("decode frame.log --profile rubbish.toml", "cannot be read", "correct the profile"),
    ("decode frame.log --profile sim_sxa --period -1", "--period", "packtrail decode --help"),
    ("decode frame.log --dbc none.dbc", "no such file", "check the path"),
    ("decode frame.log --dbc folder", "is a directory", "check the path"),
    ("decode frame.log --dbc rubbish.dbc", "no message in it", "packtrail dbc check"),
    ("decode frame.log --dbc empty.dbc", "no message in it", "packtrail dbc check"),
    ("decode frame.log --profile sim_sxa -o out.xyz", "no such kind", ".csv"),
    ("decode frame.log --profile sim_sxa -o no/out.csv", "cannot be written", "check the path"),
    ("dbc check none.dbc", "no such file", "check the path"),
    ("dbc check rubbish.dbc", "no message in it", "choose a database file"),
    ("dbc show empty.dbc", "no message in it", "choose a database file"),
    ("dbc show sim_sxa.dbc NONE", "no message", "packtrail dbc show FILE"),
    ("profile suggest rubbish.dbc", "no message in it", "choose a database file"),
    ("soh estimate table.csv --spec none.toml", "no such file", "check the path"),
    ("soh estimate table.csv --spec rubbish.toml", "not TOML", "correct the file"),
    ("soh estimate none.csv --spec spec.toml", "no such file", "check the path"),
    ("soh estimate table.csv --spec spec.toml", "no column t_s", "column of time"),
    ("soh estimate rubbish --spec spec.toml", ".csv", "packtrail decode"),
    ("triage none.json --policy none.toml --prices none.toml", "no such file", "check the path"),
    ("simulate station --log no/x.log --duration 1", "no such file", "check the path"),
    ("simulate station --log x.log", "needs an end", "--duration"),
    ("simulate station --speed fast", "'fast'", "packtrail simulate station --help"),
    ("demo --port 0 --duration 1 --folder frame.log", "exists already", "check the path"),
    ("demo --duration soon", "'soon'", "packtrail demo --help"),
    (f"code read {CODE[:-1]}", "23", "the label"),
    (f"code read {CODE[:-1]} nonsense", "no pack code", "the label"),
    ("code make --chemistry XX", "no such battery type", "LFP"),
    ("code make --made-on yesterday", "no date", "packtrail code make --help"),
    ("code make --serial 0", "no number from 1 to 9999999", "packtrail code make --help"),
    ("key show none.key", "no key file", "packtrail key new"),
    ("key show frame.log", "others may read", "chmod 600"),
    ("key new g/gateway.key", "exists", "another name"),
    ("key new frame.log/key", "exists already", "check the path"),
    (f"id show {CODE[:-1]}!  --settings b/bridge.toml", "character 24", "the label"),
    (f"id show {CODE} --settings b/bridge.toml", "no store yet", "packtrail bridge run"),
    (f"id show {CODE} --url http://127.0.0.1:9", "no answer", "running"),
    (f"id show {CODE} --url nonsense", "not an http(s) address", "http://"),
    (f"id verify {CODE} --url http://127.0.0.1:9", "cannot vouch", "--key"),
]


@pytest.fixture(scope="module")
def furnished(station):
    """The same folder with a database and a pack type that are sound."""
    shutil.copy(PROFILES / "sim_sxa.dbc", station)
    (station / "spec.toml").write_text('chemistry = "LFP"\nrated_ah = 160\ncells_in_series = 104\n')
    return station


def words_of(line):
    words = line.split(" ")
    words += ["--settings", "g/gateway.toml"] * line.startswith("gateway replay")
    return [word for word in words if word]


@pytest.mark.parametrize(("line", "fault", "remedy"), LINES, ids=[line for line, *_ in LINES])
def test_a_mistake_is_one_line_with_its_remedy(furnished, line, fault, remedy):
    told = line_of(packtrail(*words_of(line), folder=furnished))
    said, _, advised = told.partition(" — ")
    assert fault in said
    assert remedy in advised or remedy in said


IN_CHINESE = [
    ("nonsense", "没有这个命令", "参见"),
    ("decode", "缺少参数：log", "参见"),
    ("decode frame.log --nonsense", "无法识别的参数", "参见"),
    ("gateway run --settings none.toml", "文件或目录不存在", "检查路径"),
    ("bridge check --settings rubbish.toml", "不是 TOML", "更正"),
    ("bridge run --settings empty.toml", "缺少此项", "更正"),
    ("decode frame.log --dbc none.dbc", "文件或目录不存在", "检查路径"),
    ("decode empty.log --profile sim_sxa", "没有任何 CAN 报文", "选择日志文件"),
    ("soh estimate none.csv --spec none.toml", "文件或目录不存在", "检查路径"),
    (f"code read {CODE[:-1]}", "23 位", "核对"),
    (f"id show {CODE} --url nonsense", "不是 http(s) 地址", "http://"),
    ("key new frame.log/key", "已存在", "检查路径"),
    ("simulate station --speed fast", "不在 0.1 至 1000 之间", "参见"),
]


@pytest.mark.parametrize(("line", "fault", "remedy"), IN_CHINESE, ids=[x[0] for x in IN_CHINESE])
def test_the_line_is_in_the_language_of_the_locale(station, line, fault, remedy):
    told = line_of(packtrail(*words_of(line), folder=station, language="zh_CN.UTF-8"))
    said, _, advised = told.partition(" — ")
    assert fault in said
    assert remedy in advised


@pytest.fixture
def taken_port():
    """A port of loopback that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("role", "old", "remedy"),
    [("gateway", "# port = 8470", "[local_api] port"), ("bridge", "port = 8080", "http.port")],
)
def test_a_taken_port(station, taken_port, role, old, remedy):
    settings = station / role[0] / "taken.toml"
    amend(station / role[0] / f"{role}.toml", old, f"port = {taken_port}", to=settings)
    told = line_of(packtrail(role, "run", "--settings", str(settings), folder=station))
    assert "the port is taken" in told
    assert remedy in told


def test_a_taken_port_of_the_demonstration(station, taken_port):
    told = line_of(packtrail("demo", "--port", str(taken_port), folder=station))
    assert "the port is taken" in told
    assert "--port" in told


def test_a_broker_that_is_down_ends_a_replay_and_loses_nothing(station):
    folder = station / "down"
    shutil.copytree(station / "g", folder)
    amend(folder / "gateway.toml", "port = 1883", "port = 9")
    log = station / "station.log"
    words = ["simulate", "station", "--log", str(log), "--duration", "5"]
    assert packtrail(*words, folder=station).returncode == 0
    words = ["gateway", "replay", str(log), "--settings", str(folder / "gateway.toml")]
    words += ["--profile", "sim_sxa", "--pack", CODE, "--wait", "0"]
    told = line_of(packtrail(*words, folder=station))
    assert "wait in the outbox" in told
    assert "packtrail gateway check" in told


@pytest.mark.parametrize("role", ["gateway", "bridge"])
def test_a_check_names_the_broker_that_is_down(station, role):
    settings = station / role[0] / "down.toml"
    amend(station / role[0] / f"{role}.toml", "port = 1883", "port = 9", to=settings)
    done = packtrail(role, "check", "--settings", str(settings), folder=station)
    assert done.returncode == 2
    assert done.stderr == ""
    fault = next(line for line in done.stdout.splitlines() if line.startswith("✗ broker"))
    assert "127.0.0.1:9" in fault
    assert " — " in fault


SPOILT = [
    ('# dbc = ["pack.dbc"]', 'dbc = ["none.dbc"]', "no such file", "check the path"),
    ('# dbc = ["pack.dbc"]', 'dbc = ["../rubbish.dbc"]', "no message in it", "dbc check"),
    ('["sim_sxa", "sim_sxb"]', '["nonsense"]', "no profile 'nonsense'", "sim_sxa"),
    ('"virtual"', '"nonsense"', "'nonsense' is none of", "socketcan"),
    ('"gateway.key"', '"none.key"', "no key file", "packtrail key new"),
    ('"gateway.key"', '"../folder"', "is a directory", "check the path"),
    ("port = 1883", 'port = "many"', "broker.port: has to be a whole number", "correct the file"),
]


@pytest.mark.parametrize(("old", "new", "fault", "remedy"), SPOILT)
def test_a_gateway_with_a_bad_setting_does_not_start(station, old, new, fault, remedy):
    settings = station / "g" / "spoilt.toml"
    amend(station / "g" / "gateway.toml", old, new, to=settings)
    told = line_of(packtrail("gateway", "run", "--settings", str(settings), folder=station))
    assert fault in told
    assert remedy in told


@pytest.mark.parametrize("role", ["gateway", "bridge"])
def test_a_key_that_others_may_read(station, role):
    folder = station / f"open-{role}"
    shutil.copytree(station / role[0], folder)
    for key in folder.glob("*.key"), folder.glob("*.pem"):
        for path in key:
            path.chmod(0o644)
    told = line_of(
        packtrail(role, "run", "--settings", str(folder / f"{role}.toml"), folder=station)
    )
    assert "others may read this key" in told
    assert "chmod 600" in told


@pytest.fixture
def shut(tmp_path):
    """Files that may not be read and a folder that may not be written."""
    for name in ("settings.toml", "frame.log", "pack.dbc", "pack.key"):
        (tmp_path / name).write_text(FRAME)
        (tmp_path / name).chmod(0)
    (tmp_path / "good.log").write_text(FRAME)
    (tmp_path / "shut").mkdir(mode=0o500)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "gateway run --settings settings.toml",
        "bridge run --settings settings.toml",
        "decode frame.log --profile sim_sxa",
        "decode good.log --dbc pack.dbc",
        "decode good.log --profile sim_sxa -o shut/out.csv",
        "key show pack.key",
        "key new shut/new.key",
        "gateway init shut/g",
        "bridge init shut/b",
        "simulate station --duration 1 --log shut/x.log",
        "simulate station --duration 1 --log x.log --truth shut/truth.json",
    ],
)
def test_what_may_not_be_read_or_written(shut, line):
    told = line_of(packtrail(*line.split(), folder=shut, before=AS_A_USER))
    assert "permission denied" in told
    assert " — " in told


@pytest.mark.parametrize(
    "line",
    ["simulate station --duration 120 --log x.log", "gateway init g", "bridge init b"],
)
def test_a_disk_that_is_full(tmp_path, line):
    small = ("sh", "-c", SMALL_DISK[2].replace("8", "1"), "sh") if "init" in line else SMALL_DISK
    told = line_of(packtrail(*line.split(), folder=tmp_path, before=small))
    assert "beyond what is allowed" in told


def test_without_words_the_command_explains_itself(tmp_path):
    done = packtrail(folder=tmp_path)
    assert done.returncode == 0
    assert "packtrail gateway" in done.stdout
    assert done.stderr == ""
