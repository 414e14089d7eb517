"""asyncpg, which speaks only the extended protocol and only in binary."""

import asyncio
import datetime

import asyncpg
import pytest


def with_connection(test):
    async def run():
        connection = await asyncpg.connect()
        try:
            await test(connection)
        finally:
            await connection.close()

    return lambda: asyncio.run(run())


async def types(connection):
    values = (1, "naïve", 0.1, datetime.datetime(2024, 2, 29, 12), datetime.date(2024, 2, 29), True, b"\0\xff")
    sql = """SELECT CAST($1 AS bigint), CAST($2 AS varchar), CAST($3 AS double precision),
             CAST($4 AS timestamp), CAST($5 AS date), CAST($6 AS boolean), CAST($7 AS bytea)"""
    assert tuple(await connection.fetchrow(sql, *values)) == values
    assert await connection.fetchval("SELECT array[1.5, NULL]") == [1.5, None]
    row = await connection.fetchval("SELECT named_struct('a', 1, 'b', 'x y')")
    assert tuple(row) == (1, "x y")


async def cursor(connection):
    async with connection.transaction():
        rows = connection.cursor("SELECT x FROM generate_series(1, 1000) AS t(x)", prefetch=100)
        assert sum([1 async for _ in rows]) == 1000


async def errors(connection):
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.fetch("SELECT 1/0")
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.fetch("SELECT * FROM nope")
    await connection.execute("SET statement_timeout = '200ms'")
    with pytest.raises(asyncpg.QueryCanceledError):
        await connection.fetch("SELECT count(*) FROM generate_series(1, 100000000000)")
    await connection.execute("SET statement_timeout = 0")
    assert await connection.fetchval("SELECT 1") == 1


async def cancel(connection):
    running = asyncio.create_task(connection.fetch("SELECT count(*) FROM generate_series(1, 100000000000)"))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await asyncio.wait_for(connection.fetchval("SELECT 1"), 2) == 1


async def pool(connection):
    async with asyncpg.create_pool(min_size=2, max_size=4) as connections:
        values = await asyncio.gather(*[connections.fetchval("SELECT CAST($1 AS int)", n) for n in range(20)])
    assert values == list(range(20))


test_types_come_back = with_connection(types)
test_a_cursor_fetches_in_portions = with_connection(cursor)
test_errors_have_their_class = with_connection(errors)
test_a_cancelled_task_frees_its_connection = with_connection(cancel)
test_a_pool_resets_its_connections = with_connection(pool)
