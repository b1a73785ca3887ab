"""The truth about generated files: the counts of a run on them, by arithmetic over the cases."""

from collections import Counter
from typing import Any

from refi_assets.sample.case_model import BORROWER, ENGAGEMENT, LOAN, MARKET, SOURCES, Case
from refi_assets.sample.cases import borrowers_by_case, cases_of
from refi_assets.sample.people import People

Sizes = list[tuple[Case, int]]  # each case with its number of borrowers


def truth(rows: int, seed: int, duplicates: int = 0, *, clean: bool = False) -> dict[str, Any]:
    """The content of truth.json for the same arguments of generate_files(). Zeros are left out of mappings.

    `rows` is the number of borrowers (one per joint loan), not of rows in files. Raises SettingError if there are
    more duplicates than possible.
    """
    sizes = [(case, len(ranks)) for case, ranks in borrowers_by_case(rows, cases_of(clean=clean))]
    counts = _run_counts(sizes)
    audience_rows = sum(counts["audience_tiers"].values())
    return {
        "rows": rows,
        "seed": seed,
        **({"duplicates": duplicates} if duplicates else {}),
        **({"clean": True} if clean else {}),
        "counts": counts,
        "audience_rows": audience_rows,
        **(People(rows, seed, duplicates).truth(audience_rows) if duplicates else {}),
    }


def _run_counts(sizes: Sizes) -> dict[str, Any]:
    tiers: Counter[str] = Counter()
    audience_tiers: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    eligible = 0
    for case, size in sizes:
        fates[case.fate] += size
        if case.fate != "unified":
            continue
        for judged in case.loans:
            tiers[judged.tier] += size
        candidates = [judged for judged in case.loans if judged.eligible]
        eligible += size * len(candidates)
        if candidates:
            audience_tiers[max(candidates, key=lambda judged: judged.spread).tier] += size
    unmatched = ("no_loan", "no_market_data", "no_own_offer")
    return {
        "sources": {source: _source_counts(source, sizes) for source in SOURCES},
        "unified": tiers.total(),
        "eligible": eligible,
        "unmatched": {reason: fates[reason] for reason in unmatched if fates[reason]},
        "loans_without_borrower": fates["no_borrower"],
        "engagement_without_borrower": sum(
            size * case.accepted_in(ENGAGEMENT) for case, size in sizes if not case.accepted_in(BORROWER)
        ),
        "offers_without_home": sum(
            size * case.accepted_in(MARKET)
            for case, size in sizes
            if not case.accepted_in(BORROWER) + case.accepted_in(LOAN)
        ),
        "letter_to_another": sum(size for case, size in sizes if case.is_joint),
        "tiers": dict(sorted(tiers.items())),
        "audience_tiers": dict(sorted(audience_tiers.items())),
    }


def _source_counts(source: str, sizes: Sizes) -> dict[str, Any]:
    accepted = 0
    quarantined: Counter[str] = Counter()
    nulled: Counter[str] = Counter()
    emptied: dict[str, Counter[str]] = {}
    for case, size in sizes:
        for row in case.rows_in(source):
            if row.reason is not None:
                quarantined[row.reason] += size
                continue
            accepted += size
            for column in row.cells:
                if row.become == "null":
                    nulled[column] += size
                elif row.become == "empty":
                    emptied.setdefault(column, Counter()).update(row.emptied_texts(column, size))
    return {
        "rows": accepted + quarantined.total(),
        "accepted": accepted,
        "quarantined": dict(sorted(quarantined.items())),
        "nulled": dict(sorted(nulled.items())),
        "emptied": {column: dict(sorted(texts.items())) for column, texts in sorted(emptied.items()) if texts},
        "invisible": {},
    }
