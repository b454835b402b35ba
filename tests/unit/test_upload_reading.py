"""Nasty files and what becomes of them: a whole table, or a sentence and no table."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import UploadRejected
from datasette_llm_tools.uploads.detecting import Format, detect_kind
from datasette_llm_tools.uploads.naming import column_names, table_name, unique_name
from datasette_llm_tools.uploads.reading import read_rows, survey_file
from datasette_llm_tools.uploads.store import UploadResult, load_file


def load(folder: Path, filename: str, data: bytes) -> tuple[UploadResult, list[tuple[Any, ...]]]:
    path, database = folder / "file", folder / "loaded.db"
    path.write_bytes(data)
    result = load_file(path, filename, database)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f'SELECT * FROM "{result.table}"').fetchall()
    assert len(rows) == result.rows
    return result, rows


# filename, bytes, columns with types, rows
CLEAN: list[tuple[str, bytes, dict[str, str], list[tuple[Any, ...]]]] = [
    ("a.csv", b"a,b\n1,x\n", {"a": "INTEGER", "b": "TEXT"}, [(1, "x")]),
    ("no-newline.csv", b"a,b\n1,x", {"a": "INTEGER", "b": "TEXT"}, [(1, "x")]),
    ("mac.csv", b"a,b\r1,x\r", {"a": "INTEGER", "b": "TEXT"}, [(1, "x")]),
    ("windows.csv", b"a,b\r\n1,x\r\n\r\n", {"a": "INTEGER", "b": "TEXT"}, [(1, "x")]),
    ("semicolon.csv", b"a;b\n1;x,y\n", {"a": "INTEGER", "b": "TEXT"}, [(1, "x,y")]),
    ("pipe.txt", b"a|b\n1|x\n", {"a": "INTEGER", "b": "TEXT"}, [(1, "x")]),
    ("tab.tsv", b"a\tb, c\n1\tx\n", {"a": "INTEGER", "b, c": "TEXT"}, [(1, "x")]),
    ("excel.csv", b"sep=;\r\na;b\r\n1;2\r\n", {"a": "INTEGER", "b": "INTEGER"}, [(1, 2)]),
    ("one-column.csv", b"name\nAnn\nBob\n", {"name": "TEXT"}, [("Ann",), ("Bob",)]),
    ("newline.csv", b'a,b\n"x\ny",1\n', {"a": "TEXT", "b": "INTEGER"}, [("x\ny", 1)]),
    ("quotes.csv", b'a,b\n"say ""hi""",1\n', {"a": "TEXT", "b": "INTEGER"}, [('say "hi"', 1)]),
    ("bom.csv", b"\xef\xbb\xbfa\n1\n", {"a": "INTEGER"}, [(1,)]),
    ("utf16.csv", "ä,b\né,2\n".encode("utf-16"), {"ä": "TEXT", "b": "INTEGER"}, [("é", 2)]),
    (
        "utf16-le.csv",
        "abc,b\né,2\n".encode("utf-16-le"),
        {"abc": "TEXT", "b": "INTEGER"},
        [("é", 2)],
    ),
    ("zip.csv", b"zip\n01234\n99999\n", {"zip": "TEXT"}, [("01234",), ("99999",)]),
    ("phone.csv", b"phone\n+4930\n", {"phone": "TEXT"}, [("+4930",)]),
    ("product.csv", b"code\n1E5\n2E5\n", {"code": "TEXT"}, [("1E5",), ("2E5",)]),
    ("long-id.csv", b"id\n12345678901234567890\n", {"id": "TEXT"}, [("12345678901234567890",)]),
    ("python.csv", b"a,b\n1_000,nan\n", {"a": "TEXT", "b": "TEXT"}, [("1_000", "nan")]),
    ("real.csv", b"a\n1\n2.5\n1e-3\n", {"a": "REAL"}, [(1.0,), (2.5,), (0.001,)]),
    ("empty.csv", b"n,t\n1,\n , x\n", {"n": "INTEGER", "t": "TEXT"}, [(1, None), (None, " x")]),
    ("all-empty.csv", b"n,t\n1,\n2,\n", {"n": "INTEGER", "t": "TEXT"}, [(1, None), (2, None)]),
    ("trailing.csv", b"a,b\n1,2,,\n", {"a": "INTEGER", "b": "INTEGER"}, [(1, 2)]),
    ("late-text.csv", b"a\n" + b"1\n" * 1500 + b"x\n", {"a": "TEXT"}, [("1",)] * 1500 + [("x",)]),
    (
        "list.json",
        b'[{"a": 1}, {"a": 2.5, "b": "01"}]',
        {"a": "REAL", "b": "TEXT"},
        [(1.0, None), (2.5, "01")],
    ),
    ("object.json", b'{"a": true}', {"a": "INTEGER"}, [(1,)]),
    ("lines.jsonl", b'{"a": 1}\n\n{"a": 2}\n', {"a": "INTEGER"}, [(1,), (2,)]),
    ("lines.json", b'{"a": 1}\n{"a": 2}\n', {"a": "INTEGER"}, [(1,), (2,)]),
    ("null.json", b'[{"a": null, "b": NaN}]', {"a": "TEXT", "b": "TEXT"}, [(None, None)]),
    ("big.json", b'[{"a": 99999999999999999999}]', {"a": "TEXT"}, [("99999999999999999999",)]),
    ("odd.json", b'[{"": "\\u0000x\\ud800"}]', {"column_1": "TEXT"}, [("\ufffdx\ufffd",)]),
]


@pytest.mark.parametrize(("filename", "data", "columns", "rows"), CLEAN)
def test_loads_clean(
    tmp_path: Path,
    filename: str,
    data: bytes,
    columns: dict[str, str],
    rows: list[tuple[Any, ...]],
) -> None:
    result, found = load(tmp_path, filename, data)
    assert {column.name: column.type for column in result.columns} == columns
    assert found == rows
    assert result.notes == ()


# filename, bytes, rows, what the note says
NOTED: list[tuple[str, bytes, list[tuple[Any, ...]], str]] = [
    ("short.csv", b"a,b\n1\n2,3\n", [(1, None), (2, 3)], "1 row had fewer values"),
    ("blank.csv", b"a,b\n,,\n2,3\n", [(2, 3)], "1 row without any value"),
    ("cp1252.csv", "a;b\né;1\n".encode("cp1252"), [("é", 1)], "read as Windows-1252"),
    (
        "spoilt.csv",
        b"a\n" + "éé\n".encode() * 20 + b"\xff\n",
        [("éé",)] * 20 + [("\ufffd",)],
        "not UTF-8; they are shown",
    ),
    ("nul.csv", b"a,b\n1,x\0y\n", [(1, "xy")], "NUL characters"),
    ("no-header.csv", b"1,2\n3,4\n", [(3, 4)], "holds numbers"),
    ("nested.json", b'[{"a": [1, {"b": null}]}]', [('[1, {"b": null}]',)], "kept as JSON text: a"),
    ("mixed.json", b'[{"a": 1}, {"a": "x"}]', [("1",), ("x",)], "Numbers and text are mixed"),
    ("inside.json", b'{"n": 1, "rows": [{"a": 1}]}', [(1,)], "those of 'rows'"),
]


@pytest.mark.parametrize(("filename", "data", "rows", "note"), NOTED)
def test_loads_with_a_note(
    tmp_path: Path, filename: str, data: bytes, rows: list[tuple[Any, ...]], note: str
) -> None:
    result, found = load(tmp_path, filename, data)
    assert found == rows
    assert note in " ".join(result.notes)


# filename, bytes, what the message says
REJECTED: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "is empty"),
    ("space.csv", b" \n\n", "is empty"),
    ("header.csv", b"a,b\n", "no rows"),
    ("long.csv", b"a,b\n1,2\n1,Smith, John\n", "line 3"),
    ("title.csv", b"Report 2024\n\na,b\n1,2\n", "remove lines above"),
    ("quote.csv", b'a,b\n1,2\n1,"x\n2,3\n', "line 3 has a quotation mark that is never closed"),
    ("quote-at-end.csv", b'a,b\n1,"x', "line 2 has a quotation mark that is never closed"),
    ("huge-value.csv", b'a,b\n1,"' + b"x" * 10_000_001 + b'"', "over 10,000,000 characters"),
    ("wide.csv", b"a," * 2000 + b"a\n1\n", "2,001 columns"),
    ("book.xlsx", b"PK\x03\x04 xl/workbook.xml", "save it as CSV UTF-8"),
    ("book.csv", b"PK\x03\x04 xl/workbook.xml", "spreadsheet workbook"),
    ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel 97"),
    ("data.zip", b"PK\x03\x04data.csv", "unpack it"),
    ("data.csv.gz", b"\x1f\x8b\x08\x00", "gzip"),
    ("a.db", b"SQLite format 3\0", "already"),
    ("a.png", b"\x89PNG\r\n\x1a\n", "picture"),
    ("a.csv", bytes(range(256)) * 8, "binary"),
    ("page.csv", b"<!doctype html><table>", "HTML"),
    ("utf16.csv", "a,b\né,2\n".encode("utf-16")[:-1], "damaged"),
    ("gbk.csv", "a,b\n亖亯,1\n".encode("gbk"), "neither UTF-8"),
    ("broken.json", b'[{"a": 1}, {"a": ', "after row 1"),
    ("broken.jsonl", b'{"a": 1}\n{"a": \n', "Line 2 is not valid JSON"),
    ("scalar.jsonl", b'{"a": 1}\n2\n', "Line 2 is not an object"),
    ("scalars.json", b"[1, 2]", "is not an object"),
    ("string.json", b'"x"', "a list of objects is needed"),
    ("none.json", b"[]", "no rows"),
    ("empty-rows.json", b"[{}]", "no rows"),
    ("two-lists.json", b'{"a": [{"x": 1}], "b": [{"y": 1}]}', "more than one list of rows"),
    ("two-files.json", b'[{"a": 1}] [{"a": 2}]', "goes on after its end"),
    ("deep.json", b'[{"a": ' + b"[" * 100_000, "nested too deeply"),
    ("digits.json", b'[{"a": ' + b"1" * 5000 + b"}]", "too many digits"),
    ("keys.json", json.dumps({str(n): n for n in range(3000)}).encode(), "over 2,000 names"),
]


@pytest.mark.parametrize(("filename", "data", "message"), REJECTED)
def test_rejects_and_leaves_nothing(
    tmp_path: Path, filename: str, data: bytes, message: str
) -> None:
    with pytest.raises(UploadRejected) as caught:
        load(tmp_path, filename, data)
    assert message in caught.value.message
    assert not (tmp_path / "loaded.db").exists()


def test_columns_are_named_apart() -> None:
    header = ["a", "A", "", "a", "rowid", " two\nlines ", "x" * 200]
    names = column_names(header)
    assert names == ["a", "A_2", "column_3", "a_3", "rowid_2", "two lines", "x" * 100]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("flights.csv", "flights"),
        ("My data (final).v2.csv", "My_data_final_v2"),
        ("../../etc/passwd.csv", "passwd"),
        (r"C:\data\flüge.csv", "flüge"),
        ("2020.csv", "t_2020"),
        ("sqlite_master.csv", "t_sqlite_master"),
        ("..", "table_1"),
        ('x"; drop table y.csv', "x_drop_table_y"),
    ],
)
def test_table_names_are_plain(filename: str, name: str) -> None:
    assert table_name(filename) == name


def test_names_that_sqlite_compares_as_equal_are_told_apart() -> None:
    assert unique_name("Data", {"data", "DATA_2"}) == "Data_3"


def test_a_second_file_of_the_same_name_gets_a_table_of_its_own(tmp_path: Path) -> None:
    first, _ = load(tmp_path, "a.csv", b"n\n1\n")
    second, _ = load(tmp_path, "A.csv", b"n\n2\n")
    assert (first.table, second.table) == ("a", "A_2")


@pytest.mark.parametrize("size", [1, 2_000_000])
def test_json_rows_larger_than_the_window_are_read_whole(tmp_path: Path, size: int) -> None:
    rows = [{"a": n, "b": "é" * (size if n == 1 else 1)} for n in range(3)]
    _, found = load(tmp_path, "a.json", json.dumps({"rows": rows}, ensure_ascii=False).encode())
    assert found == [(row["a"], row["b"]) for row in rows]


def test_a_name_overrules_what_content_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'{"rows": [{"a": 1}]}\n')
    assert detect_kind(path, "a.jsonl").format is Format.JSON_LINES
    assert detect_kind(path, "a.txt").format is Format.JSON


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 5000)
    seen: list[float] = []
    load_file(path, "a.csv", tmp_path / "loaded.db", progress=seen.append)
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] == 1.0


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=300) | st.text(max_size=200).map(str.encode))
@pytest.mark.parametrize("filename", ["a.csv", "a.json", "a.jsonl"])
def test_any_bytes_load_or_are_rejected(
    tmp_path_factory: pytest.TempPathFactory, filename: str, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    try:
        table = survey_file(path, filename)
    except UploadRejected as error:
        assert len(error.message) > 20
    else:
        rows = list(read_rows(table))
        assert len(rows) == table.rows
        assert {len(row) for row in rows} == {len(table.columns)}
