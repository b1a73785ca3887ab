"""The same offers served as FastAPI's tutorial has it, for comparison: uvicorn bench.tutorial_api:app

Its pages "SQL (Relational) Databases", "Dependencies with yield", "Response Model", "Middleware" and "Bigger
Applications" (a header checked by a dependency), with SQLAlchemy's ORM, which SQLModel stands on. It lacks all that
ours has beyond: keys with scopes and limits, metrics, an access log without personal data, weeks, withdrawals, and
rules about which event may follow which. TUTORIAL_DB is its database, filled by python -m bench.tutorial_api WEEK_FILE.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, Index, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(f"sqlite:///{os.environ['TUTORIAL_DB']}", connect_args={"check_same_thread": False})
SessionLocal = sessionmaker(autoflush=False, bind=engine)


class Base(DeclarativeBase):
    """The tables."""


class OfferTable(Base):
    """An offer, a column a term."""

    __tablename__ = "offers"
    __table_args__ = (Index("offers_by_page", "tier", "approval_likelihood", "customer_id"),)

    offer_id: Mapped[str] = mapped_column(primary_key=True)
    program_id: Mapped[str]
    product: Mapped[str]
    offered_on: Mapped[date]
    customer_id: Mapped[str] = mapped_column(index=True)
    credit_tier: Mapped[str]
    score_band: Mapped[str]
    tier: Mapped[str]
    approval_likelihood: Mapped[float]
    default_probability: Mapped[float]
    amount: Mapped[float]
    note_rate_pct: Mapped[float]
    term_months: Mapped[int]
    monthly_payment: Mapped[float]
    last_payment: Mapped[float]
    origination_fee: Mapped[float]
    amount_financed: Mapped[float]
    finance_charge: Mapped[float]
    total_of_payments: Mapped[float]
    apr_pct: Mapped[float]
    expires_on: Mapped[date]


class EventTable(Base):
    """An event of an offer."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    offer_id: Mapped[str] = mapped_column(ForeignKey("offers.offer_id"), index=True)
    event: Mapped[str]
    at: Mapped[datetime]
    key: Mapped[str] = mapped_column(unique=True)


class Offer(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    offer_id: str
    program_id: str
    product: str
    offered_on: date
    customer_id: str
    credit_tier: str
    score_band: str
    tier: str
    approval_likelihood: float
    default_probability: float
    amount: float
    note_rate_pct: float
    term_months: int
    monthly_payment: float
    last_payment: float
    origination_fee: float
    amount_financed: float
    finance_charge: float
    total_of_payments: float
    apr_pct: float
    expires_on: date


class EventCreate(BaseModel):
    event: Literal["sent", "displayed", "clicked", "accepted", "declined", "applied", "approved", "funded"]


class Event(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    offer_id: str
    event: str
    at: datetime


def get_db() -> Iterator[Session]:
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


SessionDep = Annotated[Session, Depends(get_db)]


def verify_token(authorization: Annotated[str, Header()]) -> None:
    if authorization != "Bearer fake-super-secret-token":
        raise HTTPException(status_code=401, detail="Invalid token")


app = FastAPI(dependencies=[Depends(verify_token)])


@app.middleware("http")
async def add_process_time_header(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    start_time = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Process-Time"] = str(time.perf_counter() - start_time)
    return response


@app.get("/v1/programs/{program}/candidates", response_model=list[Offer])
def read_candidates(
    program: str,
    db: SessionDep,
    tier: Annotated[str, Query(alias="creditTier")],
    min_score: Annotated[float, Query(alias="minScore")] = 0,
    min_amount: Annotated[float, Query(alias="minAmount")] = 0,
    offset: int = 0,
    limit: Annotated[int, Query(le=500)] = 100,
) -> list[OfferTable]:
    query = (
        select(OfferTable)
        .where(OfferTable.program_id == program, OfferTable.tier == tier, OfferTable.expires_on >= date.today())  # noqa: DTZ011
        .where(OfferTable.approval_likelihood >= min_score, OfferTable.amount >= min_amount)
        .order_by(OfferTable.approval_likelihood.desc(), OfferTable.customer_id.desc())
        .offset(offset)
        .limit(limit)
    )
    return list(db.scalars(query))


@app.get("/v1/customers/{customer_id}/offers", response_model=list[Offer])
def read_offers(customer_id: str, db: SessionDep) -> list[OfferTable]:
    query = select(OfferTable).where(OfferTable.customer_id == customer_id, OfferTable.expires_on >= date.today())  # noqa: DTZ011
    return list(db.scalars(query))


@app.post("/v1/offers/{offer_id}/events", response_model=Event)
def create_event(
    offer_id: str, event: EventCreate, db: SessionDep, idempotency_key: Annotated[str, Header()]
) -> EventTable:
    if db.get(OfferTable, offer_id) is None:
        raise HTTPException(status_code=404, detail="Offer not found")
    db_event = EventTable(offer_id=offer_id, event=event.event, at=datetime.now(UTC), key=idempotency_key)
    db.add(db_event)
    db.commit()
    db.refresh(db_event)
    return db_event


def fill_database(week_file: str) -> None:
    """Make the tables, with the offers of a week's file in them."""
    Base.metadata.create_all(bind=engine)
    with closing(sqlite3.connect(f"file:{week_file}?mode=ro", uri=True)) as week:
        bodies = week.execute("SELECT body FROM offer").fetchall()
    with engine.begin() as connection:
        connection.execute(insert(OfferTable), [_row(json.loads(body)) for (body,) in bodies])


def _row(body: dict[str, str]) -> dict[str, object]:
    return body | {name: date.fromisoformat(body[name]) for name in ("offered_on", "expires_on")}


if __name__ == "__main__":
    fill_database(sys.argv[1])
