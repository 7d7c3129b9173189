"""The command line: what it reads, what it prints, how it exits. What needs a running broker is tested with the broker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pykbroker import cli
from pykbroker.cli import ServeOptions, read_serve


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command line as a person runs it, in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    return subprocess.run(
        [sys.executable, "-m", "pykbroker", *arguments],
        cwd=cwd,
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


# --- reading serve's arguments ------------------------------------------------------------------------------------

WELL_FORMED = [
    [],
    ["--listen", "127.0.0.1:0"],
    [
        "--listen=127.0.0.1:0",
        "--data-dir=d",
        "--broker-id=3",
        "--config=f",
        "--ready-fd=7",
        "--log-level=debug",
    ],
    ["--set", "a=b", "--set=c=d=e", "--set", ""],
    ["--listen", "a:1", "--listen", "b:2"],
    ["--broker-id", "-1"],
    ["--data-dir", "--listen"],
    ["--data-dir="],
]

FOR_CLICK = [
    ["--help"],
    ["--bogus"],
    ["--listen"],
    ["stray"],
    ["--ready-fd", "x"],
    ["--ready-fd", "-1"],
    ["--log-level", "loud"],
    ["--", "--listen"],
]


@pytest.mark.parametrize("arguments", WELL_FORMED)
def test_both_readers_understand_the_same(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Well-formed arguments are read without Click, for a quick start; Click must read them alike."""
    seen: list[ServeOptions] = []

    def take(options: ServeOptions) -> int:
        seen.append(options)
        return 7

    monkeypatch.setattr(cli, "serve", take)
    assert cli._run_click(["serve", *arguments]) == 7
    assert read_serve(arguments) == seen[0]


@pytest.mark.parametrize("arguments", FOR_CLICK)
def test_what_is_not_well_formed_goes_to_click(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def not_reached(options: ServeOptions) -> Any:
        raise AssertionError(options)

    monkeypatch.setattr(cli, "serve", not_reached)
    assert read_serve(arguments) is None
    assert cli.main(["serve", *arguments]) == (0 if arguments == ["--help"] else 2)
    told = "".join(capsys.readouterr())
    assert "Usage: pykbroker serve" in told or "requires an argument" in told


def test_options_are_typed() -> None:
    options = read_serve(["--ready-fd", "3", "--set", "a=b", "--log-level", "error"])
    assert options == ServeOptions(ready_fd=3, set=("a=b",), log_level="error")
    assert [option.field for option in cli.SERVE] == list(ServeOptions._fields)


def test_serve_does_not_import_click() -> None:
    """Click costs 10 to 20 ms of the 200 that a start may take."""
    program = (
        "import sys; from pykbroker.cli import main;"
        "code = main(['serve', '--set', 'num.partitions=x']);"
        "assert code == 78, code; assert 'click' not in sys.modules; assert 'trio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=30)


# --- one clear line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "line"),
    [
        (
            ["--set", "num.partitions=abc"],
            {},
            78,
            "pykbroker: num.partitions=abc: not a whole number; give 1 or more",
        ),
        (
            [],
            {"KAFKA_LISTENERS": "SASL_SSL://:9092"},
            78,
            "pykbroker: listeners=SASL_SSL://:9092: listener SASL_SSL uses SASL_SSL, and only PLAINTEXT is served;"
            " remove it or map it to PLAINTEXT",
        ),
        (
            ["--set", "authorizer.class.name=kafka.security.authorizer.AclAuthorizer"],
            {},
            78,
            "pykbroker: authorizer.class.name=kafka.security.authorizer.AclAuthorizer: it asks for protection that is not"
            " served: only PLAINTEXT, without authentication or authorization; remove it",
        ),
        (
            ["--config", "missing.properties"],
            {},
            66,
            "pykbroker: --config missing.properties: No such file or directory; give a server.properties that can be read",
        ),
    ],
)
def test_a_wrong_start_is_one_line_and_an_exit_code(
    arguments: list[str], environ: dict[str, str], code: int, line: str, tmp_path: Path
) -> None:
    done = run("serve", *arguments, cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", line + "\n")
    assert list(tmp_path.iterdir()) == []  # nothing was made


# --- the other commands -------------------------------------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["version"], ["--version"]):
        assert cli.main(arguments) == 0
        assert capsys.readouterr().out.startswith("pykbroker 0.")


def test_settings_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 450
    assert "num.partitions  int  1  used" in lines


def test_settings_tells_about_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings", "group.initial.rebalance.delay.ms"]) == 0
    told = capsys.readouterr().out
    assert "default   0 (Kafka: 3000)" in told
    assert "here      used" in told
    assert cli.main(["settings", "compression.type"]) == 0  # of the broker and of a topic
    told = capsys.readouterr().out
    assert "(broker)" in told
    assert "(topic)" in told
    assert cli.main(["settings", "ssl.client.auth"]) == 0
    assert "refused, unless it is Kafka's default" in capsys.readouterr().out


def test_settings_of_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["settings", "num.partitons"]) == 1
    assert (
        capsys.readouterr().err
        == "pykbroker: num.partitons is not a setting of Kafka's; nearest: num.partitions\n"
    )


def test_usage_errors_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["nonsense"]) == 2
    assert "No such command" in capsys.readouterr().err
