"""psycopg 3 against a server whose address is in the environment, as libpq reads it."""

import datetime
import decimal

import psycopg
import pytest


@pytest.fixture
def connection():
    with psycopg.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture
def bars(connection):
    connection.execute("DROP TABLE IF EXISTS bars")
    connection.execute("CREATE TABLE bars (ts timestamp, symbol varchar, close double, volume bigint)")
    rows = [(datetime.datetime(2024, 1, day), "AAPL", day + 0.5, day * 10) for day in range(1, 6)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO bars VALUES (%s, %s, %s, %s)", rows)
    return rows


@pytest.mark.parametrize("binary", [False, True])
def test_types_arrive_as_python_types(connection, binary):
    sql = """SELECT CAST(1 AS smallint), CAST(2 AS int), CAST(3 AS bigint), CAST(1.5 AS real),
             CAST(2.5 AS double precision), true, 'x', CAST(1.25 AS decimal(10, 2)),
             date '2024-02-29', timestamp '2024-02-29 12:30:00.5', interval '1 day',
             array[1, 2], CAST(NULL AS int)"""
    with connection.cursor(binary=binary) as cursor:
        row = cursor.execute(sql).fetchone()
    assert row == (
        1, 2, 3, 1.5, 2.5, True, "x", decimal.Decimal("1.25"), datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 12, 30, 0, 500000), datetime.timedelta(days=1), [1, 2], None,
    )


@pytest.mark.parametrize("binary", [False, True])
def test_parameters_come_back(connection, binary):
    values = (7, "naïve", 0.1, True, datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12), None)
    sql = """SELECT CAST(%s AS int), CAST(%s AS varchar), CAST(%s AS double precision),
             CAST(%s AS boolean), CAST(%s AS date), CAST(%s AS timestamp), CAST(%s AS int)"""
    with connection.cursor(binary=binary) as cursor:
        assert cursor.execute(sql, values).fetchone() == values


def test_a_parameter_that_nothing_types(connection):
    assert connection.execute("SELECT %s", (5,)).fetchone() == (5,)
    assert connection.execute("SELECT %s", ("five",)).fetchone() == ("five",)


def test_rows_are_written_and_read(connection, bars):
    found = connection.execute("SELECT * FROM bars ORDER BY ts").fetchall()
    assert found == bars
    cursor = connection.execute("DELETE FROM bars WHERE volume > %s", (20,))
    assert cursor.rowcount == 3


def test_an_indicator_has_null_for_warm_up(connection, bars):
    sql = "SELECT sma(close, 3) OVER (PARTITION BY symbol ORDER BY ts) FROM bars ORDER BY ts"
    assert [row[0] for row in connection.execute(sql)] == [None, None, 2.5, 3.5, 4.5]


def test_errors_have_their_class_and_the_connection_lives_on(connection):
    for sql, error in [
        ("SELEC 1", psycopg.errors.SyntaxError),
        ("SELECT * FROM nope", psycopg.errors.UndefinedTable),
        ("SELECT nope", psycopg.errors.UndefinedColumn),
        ("SELECT nope(1)", psycopg.errors.UndefinedFunction),
        ("SELECT 1/0", psycopg.errors.DivisionByZero),
        ("COPY bars TO STDOUT", psycopg.errors.FeatureNotSupported),
    ]:
        with pytest.raises(error):
            connection.execute(sql)
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_failed_block_is_left_by_rollback():
    with psycopg.connect() as connection:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("SELECT nope")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pipeline_answers_in_order(connection):
    with connection.pipeline():
        cursors = [connection.execute("SELECT CAST(%s AS int)", (n,)) for n in range(100)]
    assert [cursor.fetchone()[0] for cursor in cursors] == list(range(100))


def test_rows_stream(connection):
    sql = "SELECT x FROM generate_series(1, 100000) AS t(x)"
    assert sum(1 for _ in connection.cursor().stream(sql)) == 100_000


def test_a_wrong_password_is_refused():
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(password="wrong")
