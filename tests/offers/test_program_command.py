"""`refi offers check`: what it prints, and its exit code."""

from pathlib import Path

from tests.support.commands import refi_here
from tests.support.program_files import BARE, changed_program, line_of


def test_an_accepted_file_is_answered_with_its_schedule_and_its_warnings_by_line(tmp_path: Path) -> None:
    answer = refi_here("offers", "check", changed_program(tmp_path))
    assert answer.returncode == 0
    assert "spring.yaml: accepted as spring-loans (30 3 * * 2 UTC)." in answer.stdout
    line = line_of("query: |", BARE)
    assert f"line {line}, dataConnectors[0].config.query: it selects customers before the filter chain" in answer.stdout
    assert "states.yaml: nobody has reviewed it" in answer.stdout


def test_a_refused_file_is_an_error_with_every_line(tmp_path: Path) -> None:
    path = changed_program(tmp_path, ("order: 4", "order: 2"), ('["US"]', '["EU"]'))
    answer = refi_here("offers", "check", path)
    assert answer.returncode == 1
    assert (
        f"spring.yaml, line {line_of('order: 4', BARE)}, filterChain[3].order: order 2 is used twice" in answer.stderr
    )
    assert f"spring.yaml, line {line_of('marketplaces', BARE)}, marketplaces[0]: 'EU' is refused" in answer.stderr


def test_json_has_the_errors_or_the_warnings_of_each_file(tmp_path: Path) -> None:
    accepted = refi_here("offers", "check", changed_program(tmp_path), "--json")
    assert accepted.returncode == 0
    assert accepted.json["accepted"]
    [program] = accepted.json["programs"]
    assert (program["program_id"], program["schedule"]) == ("spring-loans", "30 3 * * 2")
    assert {"line", "key", "text"} == set(program["warnings"][0])

    refused = refi_here("offers", "check", changed_program(tmp_path, ("term: 36", "term: 0")), "--json")
    assert (refused.returncode, refused.json["accepted"]) == (1, False)
    assert "loanOfferStrategy.segments[2].term" in refused.json["programs"][0]["errors"][0]


def test_without_a_file_the_projects_programs_are_checked() -> None:
    for arguments in ((), ("--program", "loan-offer-targeting")):
        answer = refi_here("offers", "check", *arguments)
        assert answer.returncode == 0, answer.stderr
        assert "loan_offer_targeting.yaml: accepted as loan-offer-targeting (0 2 * * 1 UTC)." in answer.stdout


def test_a_program_that_does_not_exist_is_an_error_with_those_there_are() -> None:
    answer = refi_here("offers", "check", "--program", "winter-loans")
    assert answer.returncode != 0
    assert "no program winter-loans; there are loan_offer_targeting" in " ".join(answer.stderr.split())
