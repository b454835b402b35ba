"""Builds demo.db: a sample of the flights that left New York City in 2013.

Run `python scripts/build_demo_db.py [FILE]`. The same SQLite gives the same file, byte for
byte. What is left out, renamed or rounded is said here and, for readers of the pages, in
demo_datasette.yaml.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from demo_comments import Flight, write_comments
from demo_source import Row, data_files, decimal, local_time, read, text, whole
from sqlite_utils import Database

# Every 20th flight in order of departure, and the weather of every third hour:
# together they stay under 5 MB with their indexes.
FLIGHT_STEP = 20
WEATHER_HOURS = 3

Value = str | int | float | None

VIEWS = {
    "route_summary": """
select
  flights.origin,
  flights.destination,
  airports.name as destination_name,
  count(*) as flights,
  sum(flights.cancelled) as cancelled,
  round(avg(flights.departure_delay), 1) as average_departure_delay,
  round(avg(flights.arrival_delay), 1) as average_arrival_delay,
  round(avg(flights.distance)) as distance
from flights join airports on airports.faa = flights.destination
group by flights.origin, flights.destination
""",
    "daily_delays": """
select
  date,
  count(*) as flights,
  sum(cancelled) as cancelled,
  sum(departure_delay >= 15) as late_departures,
  round(avg(departure_delay), 1) as average_departure_delay,
  round(avg(arrival_delay), 1) as average_arrival_delay
from flights
group by date
""",
}


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "demo.db"
    # Built beside the target and moved into place: never half a file.
    beside = tempfile.TemporaryDirectory(dir=target.resolve().parent)
    with data_files() as folder, beside as scratch:
        built = Path(scratch) / "demo.db"
        build(folder, built)
        built.replace(target)
    print(f"{target}: {target.stat().st_size:,} bytes")


def build(folder: Path, target: Path) -> None:
    """Write the database to `target`, which must not exist."""
    db = Database(target)
    db.execute("pragma page_size = 4096")
    add_airlines(db, folder)
    add_airports(db, folder)
    add_planes(db, folder)
    add_flights(db, folder)
    add_weather(db, folder)
    add_comments(db)
    for name, sql in VIEWS.items():
        db.create_view(name, sql.strip())
    broken = db.execute("pragma foreign_key_check").fetchall()
    if broken:
        raise SystemExit(f"{len(broken)} rows name a parent that does not exist.")
    db.analyze()
    db.vacuum()
    db.close()


def add_airlines(db: Database, folder: Path) -> None:
    table = db.table("airlines").create(
        {"carrier": str, "name": str}, pk="carrier", not_null={"name"}
    )
    table.insert_all(read(folder, "airlines.csv"))


def add_airports(db: Database, folder: Path) -> None:
    table = db.table("airports").create(
        {
            "faa": str,
            "name": str,
            "latitude": float,
            "longitude": float,
            "altitude": int,
            "timezone": str,
            "utc_offset": int,
        },
        pk="faa",
        not_null={"name", "latitude", "longitude"},
    )
    table.insert_all(
        {
            "faa": row["faa"],
            "name": row["name"].strip(),
            "latitude": float(row["lat"]),
            "longitude": float(row["lon"]),
            "altitude": int(row["alt"]),
            "timezone": text(row["tzone"]),
            "utc_offset": int(row["tz"]),
        }
        for row in read(folder, "airports.csv")
    )


def add_planes(db: Database, folder: Path) -> None:
    table = db.table("planes").create(
        {
            "tailnum": str,
            "year": int,
            "type": str,
            "manufacturer": str,
            "model": str,
            "engines": int,
            "seats": int,
            "engine": str,
        },
        pk="tailnum",
    )
    # The source's `speed` is left out: 3,299 of 3,322 are unknown.
    table.insert_all(
        {
            "tailnum": row["tailnum"],
            "year": whole(row["year"]),
            "type": row["type"],
            "manufacturer": row["manufacturer"],
            "model": row["model"],
            "engines": whole(row["engines"]),
            "seats": whole(row["seats"]),
            "engine": row["engine"],
        }
        for row in read(folder, "planes.csv")
    )


def add_flights(db: Database, folder: Path) -> None:
    table = db.table("flights").create(
        {
            "id": int,
            "date": str,
            "carrier": str,
            "flight_number": int,
            "tailnum": str,
            "origin": str,
            "destination": str,
            "scheduled_departure": str,
            "departure": str,
            "departure_delay": int,
            "scheduled_arrival": str,
            "arrival": str,
            "arrival_delay": int,
            "cancelled": int,
            "air_time": int,
            "distance": int,
        },
        pk="id",
        not_null={"date", "carrier", "origin", "destination", "cancelled"},
        foreign_keys=[
            ("carrier", "airlines", "carrier"),
            ("tailnum", "planes", "tailnum"),
            ("origin", "airports", "faa"),
            ("destination", "airports", "faa"),
        ],
    )
    airports = {row["faa"] for row in db.table("airports").rows}
    planes = {row["tailnum"] for row in db.table("planes").rows}
    # Flights to four airports that the source has no row for (SJU, BQN, STT, PSE; 2.3 %)
    # are left out; a tail number without a plane (15.6 %) becomes NULL.
    rows = [row for row in read(folder, "flights.csv.zip") if row["dest"] in airports]
    rows.sort(key=lambda row: (local_time(row), row["carrier"], int(row["flight"]), row["origin"]))
    table.insert_all(
        flight_row(number, row, planes) for number, row in enumerate(rows[::FLIGHT_STEP], 1)
    )
    for column in ("date", "carrier", "tailnum", "origin", "destination"):
        table.create_index([column])


def flight_row(number: int, row: Row, planes: set[str]) -> dict[str, Value]:
    """One flight; times are local to the airport where they happen."""
    scheduled = local_time(row)
    delay = whole(row["dep_delay"])
    departure = None if delay is None else scheduled + timedelta(minutes=delay)
    return {
        "id": number,
        "date": scheduled.strftime("%Y-%m-%d"),
        "carrier": row["carrier"],
        "flight_number": int(row["flight"]),
        "tailnum": row["tailnum"] if row["tailnum"] in planes else None,
        "origin": row["origin"],
        "destination": row["dest"],
        "scheduled_departure": minute(scheduled),
        "departure": minute(departure),
        "departure_delay": delay,
        "scheduled_arrival": minute(next_clock(scheduled, row["sched_arr_time"])),
        "arrival": minute(next_clock(departure, row["arr_time"])),
        "arrival_delay": whole(row["arr_delay"]),
        "cancelled": int(departure is None),
        "air_time": whole(row["air_time"]),
        "distance": int(row["distance"]),
    }


def add_weather(db: Database, folder: Path) -> None:
    table = db.table("weather").create(
        {
            "id": int,
            "origin": str,
            "time": str,
            "temperature_f": float,
            "dew_point_f": float,
            "humidity": float,
            "wind_direction": int,
            "wind_speed_mph": float,
            "wind_gust_mph": float,
            "precipitation_inches": float,
            "pressure_mb": float,
            "visibility_miles": float,
        },
        pk="id",
        not_null={"origin", "time"},
        foreign_keys=[("origin", "airports", "faa")],
    )
    rows = [row for row in read(folder, "weather.csv") if int(row["hour"]) % WEATHER_HOURS == 0]
    rows.sort(key=lambda row: (local_time(row), row["origin"]))
    table.insert_all(
        {
            "id": number,
            "origin": row["origin"],
            "time": minute(local_time(row)),
            "temperature_f": decimal(row["temp"]),
            "dew_point_f": decimal(row["dewp"]),
            "humidity": decimal(row["humid"]),
            "wind_direction": whole(row["wind_dir"]),
            "wind_speed_mph": decimal(row["wind_speed"], 1),
            "wind_gust_mph": decimal(row["wind_gust"], 1),
            "precipitation_inches": decimal(row["precip"]),
            "pressure_mb": decimal(row["pressure"]),
            "visibility_miles": decimal(row["visib"]),
        }
        for number, row in enumerate(rows, 1)
    )
    table.create_index(["origin", "time"])


def add_comments(db: Database) -> None:
    """The synthetic comments and their full-text index."""
    table = db.table("passenger_comments").create(
        {"id": int, "flight_id": int, "created": str, "rating": int, "comment": str},
        pk="id",
        not_null={"flight_id", "created", "comment"},
        foreign_keys=[("flight_id", "flights", "id")],
    )
    flights = [
        Flight(*row)
        for row in db.execute(
            "select flights.id, date, flights.carrier || ' ' || flight_number,"
            " replace(replace(airlines.name, ' Inc.', ''), ' Co.', ''), origin, airports.name,"
            " departure_delay from flights"
            " join airlines on airlines.carrier = flights.carrier"
            " join airports on airports.faa = destination order by flights.id"
        )
    ]
    table.insert_all(write_comments(flights))
    table.create_index(["flight_id"])
    table.enable_fts(["comment"], create_triggers=True)
    table.optimize()


def next_clock(start: datetime | None, clock: str) -> datetime | None:
    """The first moment from `start` on at which a clock shows `clock` (hhmm, 2400 is midnight).

    Right for arrivals too, whose time zone is another: from New York no flight in the data
    lands at an earlier local time than it left without landing on the next day.
    """
    shown = whole(clock)
    if start is None or shown is None:
        return None
    moment = start.replace(hour=shown // 100 % 24, minute=shown % 100)
    return moment if moment >= start else moment + timedelta(days=1)


def minute(moment: datetime | None) -> str | None:
    """ISO date and time to the minute, with a space as SQLite's own functions write it."""
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M")


if __name__ == "__main__":
    main()
