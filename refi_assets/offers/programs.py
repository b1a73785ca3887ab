"""The program files of the project: reading one, and all of them."""

from functools import cache
from pathlib import Path

from refi_assets.errors import SettingError
from refi_assets.offers.feature_names import feature_columns
from refi_assets.offers.program import Program
from refi_assets.offers.program_checks import contradictions
from refi_assets.offers.states import States, load_states
from refi_assets.offers.yaml_places import PlacedYaml, YamlProblem, read_placed_yaml, validated
from refi_assets.specs.groups import FILTERS, PROGRAM, SQL_DIR
from refi_assets.specs.policies import POLICIES_DIR
from refi_assets.specs.programs import PROGRAMS, key_of_program
from refi_assets.specs.sql_models import SqlModel

PROGRAMS_DIR = POLICIES_DIR / "offers" / PROGRAMS
FILTERS_DIR = SQL_DIR / "offers" / PROGRAM / FILTERS


def load_program(path: Path, *, filters_dir: Path = FILTERS_DIR, states: States | None = None) -> Program:
    """The program in a file. Raises SettingError with the file, line and key of everything that is wrong."""
    return program_in(read_placed_yaml(path), filters_dir=filters_dir, states=states or load_states())


def program_in(file: PlacedYaml, *, filters_dir: Path, states: States) -> Program:
    """The program in a file that was read. Raises SettingError as load_program does."""
    program = validated(file, Program)
    problems = [
        YamlProblem(("scoringModels", index, "columns"), "unknown key; the columns follow from the features.")
        for index, model in enumerate(program.models)
        if model.columns
    ]
    if file.path.parent.name == PROGRAMS and key_of_program(file.path.stem) != program.key:
        text = (
            f"the file of a program has its id as its name; rename it to {program.program_id}.yaml, or change the id."
        )
        problems.append(YamlProblem(("programId",), text))
    filters = {
        path.stem: SqlModel(f"offers/{PROGRAM}/{FILTERS}/{path.stem}", path.read_text("utf-8"))
        for path in filters_dir.glob("*.sql")
    }
    problems += contradictions(program, states, filters)
    if problems:
        raise file.refusal(sorted(problems, key=lambda problem: file.line_of(problem.key)))
    columns = feature_columns()
    models = (
        model.model_copy(update={"columns": tuple(name for feature in model.features for name in columns[feature])})
        for model in program.models
    )
    return program.model_copy(update={"models": tuple(models)})


@cache
def programs(folder: Path = PROGRAMS_DIR, filters_dir: Path = FILTERS_DIR) -> dict[str, Program]:
    """Every program by its key. Raises SettingError, also if two files have the same programId."""
    files: dict[str, Path] = {}
    loaded: dict[str, Program] = {}
    for path in sorted(folder.glob("*.yaml")):
        program = load_program(path, filters_dir=filters_dir)
        if program.key in files:
            names = f"{files[program.key].name} and {path.name}"
            raise SettingError(f"{names} have the same programId, {program.program_id}; change one.")
        files[program.key], loaded[program.key] = path, program
    return loaded
