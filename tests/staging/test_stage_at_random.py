"""Staging random messy files: the result is that of a slow, independent judge, or both refuse them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support import reference_staging
from tests.support.agreement import require_same_staging
from tests.support.sources import MARKET, Sources

KEYS = st.sampled_from(["P1", "P2", " P2", "P3", "P4", '"P,5"', '"P\n6"', "", " ", "é", "\u00a0P1"])
NUMBERS = st.one_of(
    st.sampled_from(
        ["5", "5", "5.0", " 5", "", "30.00000001", "0", "-0.005", "6.1249999999999996", "1e3", "$5", '"5"']
    ),
    st.sampled_from(
        ["1_0", "\u0661", "999.9999999", "1000.00000001", "99999999999999999", "-", ".", "+.5", '"1,200"', "\ufeff7"]
    ),
)
BROKEN_LINES = st.sampled_from(["bad", "", "  ", 'P1,"5,70,10', "P1,5", "P1,5,70,10,1,2,3", '"', "P1,5\r,70,10", "\r"])


@st.composite
def messy_files(draw: st.DrawFn, most: int = 3) -> dict[str, bytes]:
    """One or more files of market_equity, each with its own order of columns."""
    files_by_name = {}
    for name in "abcde"[: draw(st.integers(1, most))]:
        optional = draw(st.lists(st.sampled_from(["current_home_value", "estimated_equity_amt", "Extra"]), unique=True))
        names = draw(st.permutations(["property_id", " LTV_Ratio", *reference_staging.REQUIRED[::2], *optional]))
        lines = [",".join(names)]
        for _ in range(draw(st.integers(0, 12))):
            if draw(st.integers(0, 6)) == 0:
                lines.append(draw(BROKEN_LINES))
            elif draw(st.integers(0, 2)) == 0:
                lines.append(draw(st.sampled_from(lines[1:])) if len(lines) > 1 else "bad")
            else:
                lines.append(",".join(draw(KEYS if column == "property_id" else NUMBERS) for column in names))
        line_end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
        files_by_name[f"{name}.csv"] = line_end.join([*lines, draw(st.sampled_from(["", '"', line_end]))]).encode()
    return files_by_name


@settings(max_examples=40)
@given(messy_files(), st.sampled_from([1, 2, 4]))
def test_messy_files_are_staged_as_by_a_slow_independent_judge(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], threads: int
) -> None:
    require_same_staging(Sources(tmp_path_factory.mktemp("messy")), files, threads)


HEADERS = st.sampled_from(
    [
        *[MARKET.encode()] * 4,
        MARKET.upper().encode() + b",,note,",
        ("\ufeff " + MARKET.replace(",", "\u00a0,\t")).encode(),
        b'"' + MARKET.replace(",", '","').encode() + b'",current_home_value',
        b"\r\n" + MARKET.encode() + b",a,A",
        b"\xff," + MARKET.encode(),
        MARKET[:-1].encode(),
        b"",
    ]
)
BYTES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r", b",", b'"', b'""', b'","', b'"\n', b"\0", b"\xff", b"\xef\xbb\xbf"]),
    st.sampled_from([b"P1", b"P1,5,70,10", b"\nP1,5,70,10\n", b'\n"P1",5,70,"10"\r\n', b"\xc2\xa0", b"5", b"\xc3"]),
    st.sampled_from([b"x" * 5000, b'"' + b"y\n" * 3000 + b'"', b"9" * 60, b"0." + b"0" * 400 + b"1", b" "]),
    st.sampled_from([b"\nP1,5,70,10,x,y,z", b"P1,5,70,10,x,\n", b"P1,5,70,10,,x\n"]),
)


@settings(max_examples=120)
@given(HEADERS, st.sampled_from([b"\n", b"\n", b"\r\n", b""]), st.lists(BYTES, max_size=12))
@example(MARKET.encode() + b",,", b"\n", [b"P1,5,70,10,x,\n", b"P1,5,70,10,,x\n"])
def test_any_bytes_are_staged_as_by_a_slow_independent_judge_or_refused_by_both(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, line_end: bytes, rest: list[bytes]
) -> None:
    files = {"a.csv": header + line_end + b"".join(rest)}
    require_same_staging(Sources(tmp_path_factory.mktemp("bytes")), files)
