"""S3 as moto plays it, in a process of its own: python bench/moto_s3.py OLD_OBJECTS.

It prints its port and serves until it is ended. The bucket `lake` is empty; the bucket `old` has a raw zone with a file
of each source on each recent load date, and OLD_OBJECTS objects on earlier ones. They are put there directly: over
HTTP it would take minutes.
"""

import logging
import sys
from collections.abc import Iterator
from datetime import date, timedelta

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from refi_assets.sample.case_model import SOURCES

RECENT_DAYS = 14
OLD_FILES_A_DAY = 1000
LAST_DAY = date(2026, 2, 20)


def main(old_objects: int) -> None:
    """Serve until killed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
    for bucket in ("lake", "old"):
        s3.create_bucket(bucket, "us-east-1")
    for key in raw_zone(old_objects):
        s3.put_object("old", key, b"x")
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


def raw_zone(old_objects: int) -> Iterator[str]:
    """Keys of a raw zone: a file of each source on each recent day, and `old_objects` files on the days before."""
    days = [*range(RECENT_DAYS), *(RECENT_DAYS + n // OLD_FILES_A_DAY for n in range(old_objects // len(SOURCES)))]
    for source in SOURCES:
        for number, days_ago in enumerate(days):
            yield f"raw/{source}/load_date={LAST_DAY - timedelta(days_ago)}/part-{number}.csv"


if __name__ == "__main__":
    main(int(sys.argv[1]))
