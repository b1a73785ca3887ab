"""Coverage-guided fuzzing of the CSV reader and of staging: make fuzz.

The reader must agree with tests/support/reference_csv.py on each input; one in sixteen is also staged, and compared
with tests/support/reference_staging.py. Failing inputs are saved in fuzz/found/; run this file with the path of one to
reproduce it. Atheris sees the branches of our Python code, but not those inside NumPy or DuckDB: the dictionary and the
corpus help there.
"""

import sys
import tempfile
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["refi_assets.staging"]):
    from tests.support.agreement import require_same_records, require_same_staging
    from tests.support.sources import Sources

FOLDER = Path(__file__).parent
MARKET = b"property_id,market_rate_offer,ltv_ratio,monthly_savings_est"
HEADERS = (b"", MARKET + b"\n", MARKET + b"\r\n", MARKET + b",,note,\n", b"a,b\n")
SCRATCH = Path(tempfile.mkdtemp(prefix="refi-fuzz-"))
STAGED_ONE_IN = 16


def one_input(data: bytes) -> None:
    """Check one input: a byte that selects a header, one for the size of the scanner's blocks, then the file."""
    if len(data) < 2:
        return
    header = HEADERS[data[0] % len(HEADERS)]
    file = header + data[2:]
    require_same_records(SCRATCH, file, len(file) if not header else len(header) + data[1])
    if zlib.crc32(data) % STAGED_ONE_IN == 0:
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            require_same_staging(Sources(Path(folder)), {"part.csv": file})


def write_corpus(folder: Path) -> None:
    """Write the known cases of the tests, each as a whole file and after a header."""
    from tests.ingestion.test_records import KNOWN_CASES

    folder.mkdir(exist_ok=True)
    for number, (data, _, _) in enumerate(KNOWN_CASES.values()):
        (folder / f"known-{number}-whole").write_bytes(b"\0\0" + data)
        (folder / f"known-{number}-after").write_bytes(b"\4\3" + data.partition(b"\n")[2])


if __name__ == "__main__":
    (FOLDER / "found").mkdir(exist_ok=True)
    options = [
        f"-dict={FOLDER / 'reader.dict'}",
        f"-artifact_prefix={FOLDER / 'found'}/",
        "-max_len=4096",
        "-len_control=20",
        "-rss_limit_mb=8192",
    ]
    if not any(Path(argument).exists() for argument in sys.argv[1:]):
        write_corpus(FOLDER / "corpus")
        options.append(str(FOLDER / "corpus"))
    atheris.Setup([*sys.argv, *options], one_input)
    atheris.Fuzz()
