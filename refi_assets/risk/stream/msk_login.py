"""The login at Amazon MSK by IAM: a signed address, which MSK takes as an OAuth token.

It is that of AWS's own aws-msk-iam-sasl-signer-python, by our session of AWS. Java's client has AWS's own library.
"""

import time
from base64 import urlsafe_b64encode

from refi_assets import aws

_SECONDS = 900


def msk_token(_config: str) -> tuple[str, float]:
    """A token, and when it ends in seconds since 1970. Raises SettingError without a region or credentials."""
    session = aws.session()
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    end = time.time() + _SECONDS
    address = f"https://kafka.{session.region_name}.amazonaws.com/?Action=kafka-cluster%3AConnect"
    request = AWSRequest("GET", address)
    SigV4QueryAuth(session.get_credentials(), "kafka-cluster", session.region_name, _SECONDS).add_auth(request)
    return urlsafe_b64encode(f"{request.url}&User-Agent=refi_assets".encode()).decode("ascii").rstrip("="), end
