"""Publications: their names, paths and commits, and that one does not touch another."""

import pytest

from refi_assets.errors import LakeError, SettingError
from refi_assets.lake import FolderStore, Relation
from refi_assets.lake.relations import RunFolder, require_one_version, with_inputs
from refi_assets.publishing.publication import Publication, publications, published_run_ids
from tests.support.running import DAY


@pytest.fixture
def lake(tmp_path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


@pytest.mark.parametrize("name", ["", "Offers", "a-b", "a/b", "..", "é", "commits"])
def test_any_name_but_lower_case_letters_digits_and_underscores_is_refused(name):
    with pytest.raises(SettingError, match="is not a valid name of a publication"):
        Publication(name)


def test_refi_is_in_the_output_folder_itself_and_every_other_publication_in_a_folder_of_its_own():
    refi, offers = Publication("refi"), Publication("offers_2")
    assert [refi.latest_key, refi.commits_folder, refi.manifest_key("r1"), refi.file_key("r1")] == [
        *("output/latest.json", "output/commits"),
        *("output/r1.manifest.json", "output/r1.csv"),
    ]
    assert [offers.latest_key, offers.commits_folder, offers.manifest_key("r1"), offers.file_key("r1")] == [
        *("output/offers_2/latest.json", "output/offers_2/commits"),
        *("output/offers_2/r1.manifest.json", "output/offers_2/r1.csv"),
    ]


def commit(lake: FolderStore, name: str, run_id: str, as_of: str = "2026-02-20", **options: bool) -> str | None:
    publication = Publication(name)
    lake.put_json(publication.manifest_key(run_id), {"run_id": run_id})
    record = {"run_id": run_id, "as_of": as_of}
    return publication.commit(lake, record, **{"policy_overridden": False, "force_latest": False, **options})


def test_each_publication_has_its_own_commits_and_pointer(lake):
    assert commit(lake, "refi", "a", "2026-02-21") is None
    assert commit(lake, "offers", "b", "2026-02-16") is None
    assert commit(lake, "offers", "c", "2026-02-09") == "it names the file of a later day, 2026-02-16"

    assert Publication("refi").latest(lake) == {"run_id": "a", "as_of": "2026-02-21"}
    assert Publication("offers").latest(lake) == {"run_id": "b", "as_of": "2026-02-16"}
    assert [publication.name for publication in publications(lake)] == ["refi", "offers"]
    assert Publication("refi").run_ids(lake) == ["a"]
    assert Publication("offers").run_ids(lake) == ["b", "c"]
    assert published_run_ids(lake) == {"a", "b", "c"}


def test_a_run_under_an_overridden_policy_moves_the_pointer_only_if_forced(lake):
    assert "another policy" in str(commit(lake, "offers", "a", policy_overridden=True))
    assert commit(lake, "offers", "a", policy_overridden=True, force_latest=True) is None


def test_two_versions_of_a_relation_may_be_read_together_but_not_published(lake):
    """A query may read a weekly model and a daily feed together; a publication reads one version of each relation."""
    for run_id in ("monday", "tuesday"):
        RunFolder(lake, run_id).save(Relation(key="staging/loans", run_id=run_id, as_of=DAY, kind="table"))
    scored = Relation(key="ml/score", run_id="monday", as_of=DAY, kind="table", inputs={"staging/loans": "monday"})
    judged = Relation(key="x/judged", run_id="tuesday", as_of=DAY, kind="table", inputs={"staging/loans": "tuesday"})

    relations = with_inputs(lake, [scored, judged])

    assert [relation.run_id for relation in relations if relation.key == "staging/loans"] == ["monday", "tuesday"]
    with pytest.raises(LakeError, match="staging/loans is used here in two versions, of run monday and of run tuesday"):
        require_one_version(relations)
