"""Settings: their order, their errors, and that nothing inside a target sets one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import UsageError
from auditor.settings import SETTINGS, load_settings

CARD = "---\nlibrary_name: diffusers\n---\n# A model of hills\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the user's with a model in it, as the current folder; no setting comes from elsewhere."""
    for name in list(os.environ):
        if name.startswith("AUDITOR_") and name != "AUDITOR_HOME":
            monkeypatch.delenv(name)
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "hills").mkdir()
    (folder / "hills" / "README.md").write_text(CARD)
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def profile_of(out: Path) -> str:
    return str(json.loads((out / "run.json").read_text())["policy"]["profile"])


def test_the_command_line_counts_before_the_environment_before_the_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scanned(number: int, *options: str) -> str:
        run("scan", "hills", "--out", tmp_path / str(number), *options)
        return profile_of(tmp_path / str(number))

    assert scanned(0) == "default"
    (project / "auditor.toml").write_text('profile = "hub"\n')
    assert scanned(1) == "hub"
    monkeypatch.setenv("AUDITOR_PROFILE", "gate")
    assert scanned(2) == "gate"
    assert scanned(3, "--profile", "search") == "search"
    assert scanned(4, "--profile", "default") == "default"
    assert scanned(5, "--isolated") == "default"


def test_every_kind_of_value_reaches_its_option(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "auditor.toml").write_text('exclude = ["a.txt"]\nfail-on = "note"\nworkers = 1\ndihedral = true\n')
    for name in ("a.txt", "b.txt"):
        (project / "hills" / name).write_text("hills\n")
    result = run("scan", "hills", "--out", tmp_path / "a")
    assert result.exit_code == 1
    assert "1 file was excluded by --exclude a.txt" in result.stdout
    assert "dihedral" in json.loads((tmp_path / "a" / "run.json").read_text())["wants"]["variants"]
    monkeypatch.setenv("AUDITOR_EXCLUDE", "a.txt\nb.txt\n")
    monkeypatch.setenv("AUDITOR_DIHEDRAL", "no")
    result = run("scan", "hills", "--out", tmp_path / "b", "--fail-on", "error")
    assert result.exit_code == 0
    assert "1 file was excluded by --exclude b.txt" in result.stdout
    assert "dihedral" not in json.loads((tmp_path / "b" / "run.json").read_text())["wants"]["variants"]


def test_paths_of_a_file_are_relative_to_it(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "ours.toml").write_text("version = 1\nacepted = 1\n")
    (project / "auditor.toml").write_text('baseline = "ours.toml"\nknown = ["lists/a.csv", "imported"]\n')
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    settings = load_settings()
    assert settings.values["baseline"].value == str(project / "ours.toml")
    assert settings.values["known"].value == [str(project / "lists/a.csv"), "imported"]
    result = run("scan", "../hills", "--out", tmp_path / "run", "--known", "x")
    assert f"{project / 'ours.toml'}: acepted: unknown key" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('profil = "gate"\n', r"profil: unknown setting (did you mean 'profile'?)"),
        ("profile = 3\n", "profile: expected text, not 3"),
        ('exclude = "*.tmp"\n', "exclude: expected a list of texts, not '*.tmp'"),
        ("exclude = [3]\n", "exclude: expected a list of texts, not [3]"),
        ("workers = true\n", "workers: expected a number, not True"),
        ('thorough = "yes"\n', "thorough: expected true or false, not 'yes'"),
        ('fail-on = "errors"\n', "fail-on: 'errors' is not one of"),
        ("workers = -1\n", "workers: -1 is not in the range"),
        ("profile = \n", "is not a TOML file"),
    ],
)
def test_a_mistake_in_the_file_is_an_error_that_names_file_and_key(project: Path, text: str, message: str) -> None:
    (project / "auditor.toml").write_text(text)
    result = run("scan", "hills")
    assert result.exit_code == 2
    assert f"{project / 'auditor.toml'}: {message}" in result.stderr


def test_a_project_file_counts_if_it_has_the_table(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "hills"\n')
    assert load_settings().file is None
    (project / "pyproject.toml").write_text('[tool.auditor]\nprofile = "gate"\n')
    assert load_settings().values["profile"].source == str(project / "pyproject.toml")
    (project / "auditor.toml").write_text('profile = "hub"\n')
    assert load_settings().values["profile"].value == "hub"
    (project / "auditor.toml").unlink()
    (project / "pyproject.toml").write_text("[tool]\nauditor = 3\n")
    assert load_settings().file is None  # nothing here speaks of tool.auditor
    (project / "pyproject.toml").write_text("tool.auditor = 3\n")
    with pytest.raises(UsageError, match=r"tool\.auditor: expected a table"):
        load_settings()


def test_a_broken_project_file_of_something_else_is_no_matter(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project\n")
    assert load_settings().file is None


def test_files_are_searched_up_to_the_root_of_the_repository(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "auditor.toml").write_text('profile = "hub"\n')
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert load_settings().file is None
    (project / "auditor.toml").write_text('profile = "gate"\n')
    assert load_settings().file == project / "auditor.toml"
    (project / ".git").rmdir()  # without a repository, the current folder alone
    assert load_settings().file is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AUDITOR_PROFIL", "gate", "AUDITOR_PROFIL: no setting of this name (did you mean AUDITOR_PROFILE?)"),
        ("AUDITOR_FAILON", "note", "did you mean AUDITOR_FAIL_ON?"),
        ("AUDITOR_WORKERS", "two", "AUDITOR_WORKERS: expected a number, not 'two'"),
        ("AUDITOR_THOROUGH", "maybe", "AUDITOR_THOROUGH: expected one of 1, true, "),
        ("AUDITOR_FAIL_ON", "errors", "AUDITOR_FAIL_ON: fail-on: 'errors' is not one of"),
    ],
)
def test_a_mistake_in_a_variable_is_an_error_that_names_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run("scan", "hills")
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_variables_of_other_programs_and_parts_are_left_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUDITOR_LEDGER", "AUDITOR_REVIEWER", "AUDITOR_TOKEN", "AUDITOR_OF_ANOTHER_PROGRAM"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AUDITOR_PROFILE", "")
    assert load_settings().values == {}


HOSTILE = 'profile = "research"\nfail-on = "never"\nexclude = ["*"]\nbaseline = "mine.toml"\n'


def test_a_target_sets_nothing_wherever_the_command_runs(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = project / "hills"
    (target / "deep").mkdir()
    (target / "auditor.toml").write_text(HOSTILE)
    (target / "deep" / "pyproject.toml").write_text("[tool.auditor\n")  # broken: not even parsed
    (target / "mine.toml").write_text("version = 7\n")
    (target / ".gitignore").write_text("*\n")
    (target / "acme-1.dist-info").mkdir()
    (target / "acme-1.dist-info" / "METADATA").write_text("Name: acme\nVersion: 1\n")
    (target / "acme-1.dist-info" / "entry_points.txt").write_text('[auditor.readers]\nacme = "acme"\n')
    monkeypatch.syspath_prepend(str(target))
    for number, (here, named) in enumerate([(target, "."), (target / "deep", ".."), (project, "hills")]):
        monkeypatch.chdir(here)
        result = run("scan", named, "--out", tmp_path / str(number), "--fail-on", "note")
        assert result.exit_code == 1, here
        assert profile_of(tmp_path / str(number)) == "default"
        content = json.loads((tmp_path / str(number) / "run.json").read_text())
        assert (content["wants"]["exclude"], content["policy"]["extensions"]) == ([], [])
        assert ("not read, as it lies in a target" in result.stderr) is (here != project)
        assert "trust" not in result.stdout
        # Nor for the run that it became.
        again = run("report", tmp_path / str(number), "--format", "csv")
        assert (again.exit_code, "accepted" in again.stdout) == (0, False)
    monkeypatch.chdir(target)
    trusting = run("scan", ".", "--out", tmp_path / "trusting", "--trust-target", "--baseline", "")
    assert trusting.exit_code == 2  # its package lacks the module that it promises


def test_links_do_not_bring_a_targets_settings_out(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "hills" / "theirs.toml").write_text('profile = "research"\n')
    (project / "auditor.toml").symlink_to(project / "hills" / "theirs.toml")
    assert load_settings([str(project / "hills")]).file is None
    assert load_settings([str(project / "hills")]).ignored == (project / "auditor.toml",)
    (tmp_path / "link").symlink_to(project / "hills", target_is_directory=True)
    assert load_settings([str(tmp_path / "link")]).file is None
    monkeypatch.chdir(tmp_path / "link")
    (project / "hills" / "auditor.toml").write_text('profile = "research"\n')
    assert load_settings(["."]).values == {}


def test_settings_above_a_target_are_the_users(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "auditor.toml").write_text('profile = "gate"\n')
    assert load_settings(["hills"]).values["profile"].value == "gate"
    monkeypatch.chdir(project / "hills")
    assert load_settings(["."]).values["profile"].value == "gate"
    assert load_settings([".."]).values == {}


def test_a_trusted_target_sets_its_own_and_the_report_says_so_first(project: Path, tmp_path: Path) -> None:
    (project / "auditor.toml").write_text('profile = "gate"\n')
    result = run("scan", ".", "--out", tmp_path / "run", "--trust-target")
    assert result.stdout.startswith("The target was trusted (--trust-target)")
    assert profile_of(tmp_path / "run") == "gate"
    assert run("report", tmp_path / "run").stdout.startswith("The target was trusted (--trust-target)")


def test_nothing_sets_isolation_or_trust(project: Path) -> None:
    assert not {"isolated", "trust-target", "trust_target"} & set(SETTINGS)
    (project / "auditor.toml").write_text("trust-target = true\n")
    assert "trust-target: unknown setting" in run("scan", "hills").stderr
    assert run("scan", ".", "--isolated", "--trust-target").exit_code == 2


def test_config_shows_each_setting_its_value_and_source_and_no_password(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "auditor.toml").write_text('profile = "gate"\nknown = ["https://me:hunter2@lists.example/a"]\n')
    monkeypatch.setenv("AUDITOR_FAIL_ON", "warning")
    monkeypatch.setenv("HF_TOKEN", "hf_CANARY")
    result = run("config")
    lines = dict(line.split(" = ", 1) for line in result.stdout.splitlines())
    by_key = {key.strip(): value for key, value in lines.items()}
    assert by_key.keys() == SETTINGS.keys()
    assert by_key["profile"] == f'"gate"  ({project / "auditor.toml"})'
    assert by_key["fail-on"] == '"warning"  (AUDITOR_FAIL_ON)'
    assert by_key["weights"] == '"header"  (default)'
    assert "hunter2" not in result.stdout
    assert "CANARY" not in result.stdout
    content = json.loads(run("config", "hills", "--json").stdout)
    assert content["settings"]["profile"] == {"value": "gate", "source": str(project / "auditor.toml")}
    assert content["settings"]["known"]["value"] == ["https://***@lists.example/a"]
    assert json.loads(run("config", ".", "--json").stdout)["ignored"] == [str(project / "auditor.toml")]
    assert "(default)" in run("config", "--isolated").stdout.splitlines()[0]


def test_every_setting_is_an_option_of_scan() -> None:
    from auditor.cli.scan import command

    assert SETTINGS.keys() <= {name.removeprefix("--") for one in command.params for name in one.opts}


def test_commands_that_read_runs_can_leave_settings_out_too(project: Path, tmp_path: Path) -> None:
    """A file of settings that is refused shows whether it is read."""
    run("scan", "hills", "--out", tmp_path / "run")
    (project / "auditor.toml").write_text("unknown = 1\n")
    for command in (
        ["report", tmp_path / "run"],
        ["judge", tmp_path / "run", "--out", tmp_path / "judged"],
        ["diff", tmp_path / "run", tmp_path / "run"],
    ):
        assert run(*command).exit_code == 2
        assert run(*command, "--isolated").exit_code == 0
