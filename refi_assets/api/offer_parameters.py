"""The parameters of the routes that read offers: their descriptions in the OpenAPI document, and reading them."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, NamedTuple

from refi_assets.api.fields import FieldError
from refi_assets.api.problems import invalid_request
from refi_assets.offers.program import Program
from refi_assets.store.protocol import PageCursor

MOST_OFFERS = 500
USUAL_OFFERS = 100
MOST_AMOUNT = 1_000_000_000  # USD
MOST_CHARACTERS = 1_000  # of a cursor
MOST_DIGITS = 400  # of a number: the smallest that a caller's language writes out has over 300

_LIKELIHOOD_UNIT = Decimal("0.000001")
_CENT = Decimal("0.01")


class CandidateQuery(NamedTuple):
    """What is asked for; `as_of` is that of the cursor's week."""

    tier: str
    least_score: int  # in millionths
    least_amount_cents: int
    limit: int
    after: PageCursor | None
    as_of: str

    @property
    def filters(self) -> list[Any]:
        """What must be the same on every page."""
        return [self.tier, self.least_score, self.least_amount_cents]


def _parameter(name: str, place: str, description: str, **schema: Any) -> dict[str, Any]:
    is_required = place == "path" or schema.pop("required", False)
    return {"name": name, "in": place, "required": is_required, "description": description, "schema": schema}


CUSTOMER_ID = _parameter("customer_id", "path", "The customer.", type="string")
OFFER_ID = _parameter("offer_id", "path", "The offer.", type="string")
PLACEMENT = _parameter("placement", "query", "Only banners for this place in the app.", type="string")
CANDIDATE_PARAMETERS = [
    _parameter("program", "path", "The programId.", type="string"),
    _parameter("creditTier", "query", "The final tier, as in excellent.", type="string", required=True),
    _parameter("minScore", "query", "The lowest approval likelihood.", type="number", minimum=0, maximum=1),
    _parameter("minAmount", "query", "The lowest amount in USD.", type="number", minimum=0, maximum=MOST_AMOUNT),
    _parameter(
        "limit",
        "query",
        "The number of offers.",
        type="integer",
        minimum=1,
        maximum=MOST_OFFERS,
        default=USUAL_OFFERS,
    ),
    _parameter("cursor", "query", "next_cursor of the page before.", type="string", maxLength=MOST_CHARACTERS),
]


def candidate_query(given: Mapping[str, str], program: Program) -> CandidateQuery:
    """The query of a page of candidates. Raises ProblemError that names each wrong parameter."""
    reader = _Reader(given)
    tier = reader.tier([segment.credit_tier for segment in program.segments])
    least_score = reader.number("minScore", 1, _LIKELIHOOD_UNIT)
    least_amount_cents = reader.number("minAmount", MOST_AMOUNT, _CENT)
    limit = reader.limit()
    query = CandidateQuery(tier, least_score, least_amount_cents, limit, None, "")
    if "cursor" in given:
        query = reader.at_cursor(query)
    if reader.errors:
        raise invalid_request(reader.errors)
    return query


def cursor_text(after: PageCursor, as_of: str, query: CandidateQuery) -> str:
    """A cursor as it is given to the caller."""
    place = json.dumps([*after, as_of, *query.filters], separators=(",", ":"))
    return base64.urlsafe_b64encode(place.encode()).decode()


class _Reader:
    """Reads parameters, and notes what is wrong."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.errors: list[FieldError] = []

    def tier(self, tiers: list[str]) -> str:
        tier = self._given.get("creditTier", "")
        if tier not in tiers:
            self._note("creditTier", f"it must be one of {', '.join(tiers)}")
        return tier

    def number(self, name: str, most: int, unit: Decimal) -> int:
        """A number in units, rounded up; 0 if it is not given."""
        text = self._given.get(name, "0")
        number = _decimal(text) if len(text) <= MOST_DIGITS else None
        if number is None or not 0 <= number <= most:
            self._note(name, f"it must be a number from 0 to {most}")
            return 0
        return 1 if 0 < number < unit else int((number / unit).to_integral_value(ROUND_CEILING))

    def limit(self) -> int:
        text = self._given.get("limit", str(USUAL_OFFERS))
        if not re.fullmatch("0{0,20}[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= MOST_OFFERS:
            self._note("limit", f"it must be a whole number from 1 to {MOST_OFFERS}")
            return 1
        return int(text)

    def at_cursor(self, query: CandidateQuery) -> CandidateQuery:
        """The query from a cursor on."""
        try:
            text = self._given["cursor"]
            if len(text) > MOST_CHARACTERS:
                raise ValueError
            place = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
            run_id, score, customer_id, as_of, *filters = place
            after = PageCursor(str(run_id), int(score), str(customer_id).encode().decode())
            day = date.fromisoformat(as_of)
            if not 0 <= after.score <= 1 / _LIKELIHOOD_UNIT:
                raise ValueError
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
            self._note("cursor", "it is not a cursor of this API")
            return query
        if filters != query.filters:
            self._note("cursor", "it belongs to another creditTier, minScore or minAmount")
        return query._replace(after=after, as_of=str(day))

    def _note(self, name: str, message: str) -> None:
        self.errors.append(FieldError(field=name, message=message))


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
