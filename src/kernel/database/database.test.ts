import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel } from '#test';

const { Database, runAsHouse } = kernel;

/** The ambient transaction: joins, dooms, starts again, keeps companies apart. */
describe('Database', () => {
  let house: House;
  let database: kernel.Database;
  let companyId: string;

  beforeAll(async () => {
    house = await House.open();
    database = house.app.get(Database);
    const [company] = await house.rows<{ id: string }>('owner', 'SELECT id FROM base_company');
    companyId = company?.id ?? '';
    await house.rows(
      'superuser',
      `CREATE TABLE scratch (id integer PRIMARY KEY, value integer);
       GRANT ALL ON scratch TO ofitec_app, ofitec_owner`,
    );
  });

  const asHouse = <T>(work: () => Promise<T>): Promise<T> => runAsHouse(companyId, 'test', work);
  const put = (id: number, value = 0): Promise<unknown> =>
    database.rows('INSERT INTO scratch VALUES ($1, $2)', [id, value]);
  const stored = async (id: number): Promise<number> =>
    (await house.rows('owner', 'SELECT 1 FROM scratch WHERE id = $1', { values: [id] })).length;

  it('commits nested calls together', async () => {
    await asHouse(() =>
      database.transaction(async () => {
        await put(1);
        await database.transaction(() => put(2));
        expect(await stored(2)).toBe(0);
      }),
    );
    expect([await stored(1), await stored(2)]).toEqual([1, 1]);
  });

  it('dooms the whole when an inner call failed, even if its error was caught', async () => {
    const work = asHouse(() =>
      database.transaction(async () => {
        await put(10);
        await database
          .transaction(async () => {
            await put(11);
            throw new Error('inner');
          })
          .catch(() => 'caught');
        await put(12);
        return 'done';
      }),
    );
    await expect(work).rejects.toThrow('inner');
    expect([await stored(10), await stored(11), await stored(12)]).toEqual([0, 0, 0]);
  });

  it('lets a transaction take its own time, for statements, answers and COPY', async () => {
    const sleeping = (patience: object, work = 'SELECT pg_sleep(1.5)'): Promise<unknown> =>
      asHouse(() =>
        database.transaction(async () => {
          await database.takeTime({ statementMs: 0, lockMs: 0, ...patience });
          return database.rowsByPlan(work, []);
        }),
      );
    const timeout = 'canceling statement due to statement timeout';
    await expect(sleeping({ statementMs: 200 })).rejects.toThrow(timeout);
    await expect(sleeping({ answerMs: 200 })).rejects.toThrow();
    await expect(sleeping({ statementMs: 5_000 })).resolves.toHaveLength(1);
    async function* slowly(): AsyncGenerator<string> {
      yield '1\n';
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      yield '2\n';
    }
    const copying = (answerMs: number): Promise<number> =>
      asHouse(() =>
        database.transaction(async () => {
          await database.takeTime({ statementMs: 5_000, lockMs: 0, answerMs });
          await database.rows('CREATE TEMPORARY TABLE slow (n integer) ON COMMIT DROP');
          return database.copyInto('slow', ['n'], slowly());
        }),
      );
    await expect(copying(200)).rejects.toThrow();
    await expect(copying(5_000)).resolves.toBe(2);
  });

  it('tells of a write that was sent ahead, and stores nothing of its transaction', async () => {
    const twice = asHouse(() =>
      database.transaction(async () => {
        await database.write('INSERT INTO scratch VALUES ($1, 0)', [70]);
        await database.write('INSERT INTO scratch VALUES ($1, 0)', [70]);
        await database.write('INSERT INTO scratch VALUES ($1, 0)', [71]);
      }),
    );
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    const thenRead = asHouse(() =>
      database.transaction(async () => {
        await database.write('INSERT INTO scratch VALUES (72, $1)', ['no number']);
        await database.rows('SELECT $1::integer', [1]);
      }),
    );
    await expect(thenRead).rejects.toMatchObject({ code: '22P02' });
    const swallowed = asHouse(() =>
      database.transaction(async () => {
        await put(73);
        await database.rows('SELECT 1 / $1::integer', [0]).catch(() => null);
      }),
    );
    await expect(swallowed).rejects.toMatchObject({ code: '22012' });
    const stored7x = await house.rows('owner', 'SELECT id FROM scratch WHERE id BETWEEN 70 AND 79');
    expect(stored7x).toEqual([]);
  });

  it('gives the reason that its sender made of a failed write', async () => {
    const work = asHouse(() =>
      database.transaction(async () => {
        await database.write('SELECT 1 / $1::integer', [0], () => new Error('by nothing'));
      }),
    );
    await expect(work).rejects.toThrow('by nothing');
    await asHouse(() => database.transaction(() => put(80)));
    let tries = 0;
    await asHouse(() =>
      database.transaction(async () => {
        tries += 1;
        const id = tries === 1 ? 80 : 81;
        await database.write('INSERT INTO scratch VALUES ($1, 0)', [id], () =>
          Object.assign(new Error('a rival took it'), { code: '40001' }),
        );
      }),
    );
    expect([tries, await stored(81)]).toEqual([2, 1]);
  });

  it('prepares a statement again after a migration changed what it returns', async () => {
    const read = (): Promise<unknown[]> =>
      asHouse(() =>
        database.transaction(() => database.rows('SELECT * FROM scratch LIMIT $1', [1])),
      );
    await read();
    await house.rows('superuser', 'ALTER TABLE scratch ADD COLUMN note text');
    expect((await read())[0]).toHaveProperty('note');
  });

  it('commits what a refusal keeps, from within too, and nothing of a doomed whole', async () => {
    const kept = new kernel.Problem(kernel.Conflict, { keepsWork: true });
    const refuse = (id: number, refusal: Error, spoil = false): Promise<unknown> =>
      asHouse(() =>
        database.transaction(async () => {
          await put(id);
          if (spoil) {
            await database.transaction(() => Promise.reject(new Error('inner'))).catch(() => '');
          }
          return database.transaction(async () => {
            await put(id + 1);
            throw refusal;
          });
        }),
      );
    await expect(refuse(13, kept)).rejects.toBe(kept);
    expect([await stored(13), await stored(14)]).toEqual([1, 1]);
    await expect(refuse(15, new kernel.Problem(kernel.Conflict))).rejects.toThrow();
    await expect(refuse(17, kept, true)).rejects.toBe(kept);
    // A statement that fails takes the rest along, and is what the caller hears of.
    await expect(refuse(13, kept)).rejects.toThrow('duplicate key');
    const rest = await Promise.all([15, 16, 17, 18].map((id) => stored(id)));
    expect(rest).toEqual([0, 0, 0, 0]);
  });

  it('refuses data outside a transaction, and a company where there is none', async () => {
    expect(() => database.manager).toThrow('inside Database.transaction only');
    await expect(database.transaction(async () => database.companyId)).rejects.toThrow(
      'without a company',
    );
  });

  it('starts the outermost work again after a deadlock, from its beginning', async () => {
    await asHouse(() => database.transaction(() => Promise.all([put(20), put(21)])));
    let [tries, held] = [0, 0];
    const both = Promise.withResolvers<void>();
    const cross = (first: number, second: number): Promise<void> =>
      asHouse(() =>
        database.transaction(async () => {
          tries += 1;
          await database.rows('UPDATE scratch SET value = value + 1 WHERE id = $1', [first]);
          held += 1;
          if (held === 2) both.resolve();
          await both.promise;
          await database.transaction(() =>
            database.rows('UPDATE scratch SET value = value + 1 WHERE id = $1', [second]),
          );
        }),
      );
    await Promise.all([cross(20, 21), cross(21, 20)]);
    expect(tries).toBeGreaterThan(2);
    const rows = await house.rows('owner', 'SELECT value FROM scratch WHERE id IN (20, 21)');
    expect(rows).toEqual([{ value: 2 }, { value: 2 }]);
  });

  it('gives up after three fresh starts, and starts nothing else again', async () => {
    let tries = 0;
    const failing = (sqlState: string): Promise<unknown> =>
      asHouse(() =>
        database.transaction(async () => {
          tries += 1;
          await database.rows(`DO $$ BEGIN RAISE SQLSTATE '${sqlState}'; END $$`);
        }),
      );
    await expect(failing('40001')).rejects.toThrow();
    expect(tries).toBe(4);
    tries = 0;
    await expect(failing('23514')).rejects.toThrow();
    expect(tries).toBe(1);
  });

  it('reads a snapshot: one moment throughout, of its company, and it writes nothing', async () => {
    await asHouse(() => database.transaction(() => put(60, 1)));
    const value = async (): Promise<number> => {
      const sql = 'SELECT value FROM scratch WHERE id = 60';
      return (await database.rows<{ value: number }>(sql))[0]?.value ?? 0;
    };
    const change = 'UPDATE scratch SET value = value + 1 WHERE id = 60';
    const read = (begin: 'snapshot' | 'transaction'): Promise<unknown[]> =>
      asHouse(() =>
        database[begin](async () => {
          const first = await value();
          await house.rows('owner', change);
          const company = `SELECT current_setting('ofitec.company_id') AS id`;
          const [row] = await database.rows<{ id: string }>(company);
          return [first, await database.transaction(value), row?.id];
        }),
      );
    expect(await read('snapshot')).toEqual([1, 1, companyId]);
    expect(await read('transaction')).toEqual([2, 3, companyId]);
    const writing = asHouse(() => database.snapshot(() => put(61)));
    await expect(writing).rejects.toThrow('read-only');
    await asHouse(() => database.transaction(() => put(62)));
    expect([await stored(61), await stored(62)]).toEqual([0, 1]);
  });

  it('begins no snapshot in the middle of an ordinary transaction', async () => {
    const seen = asHouse(() => database.snapshot(() => database.snapshot(async () => 'joined')));
    expect(await seen).toBe('joined');
    const late = asHouse(() => database.transaction(() => database.snapshot(async () => 'late')));
    await expect(late).rejects.toThrow('begins outside of every other transaction');
  });

  it('never lets a pooled connection keep a company', async () => {
    const seen = async (): Promise<string> => {
      const [row] = await database.transaction(() =>
        database.rows<{ id: string }>(`SELECT current_setting('ofitec.company_id', true) AS id`),
      );
      return row?.id ?? '';
    };
    expect(await asHouse(seen)).toBe(companyId);
    const after = await Promise.all(Array.from({ length: 40 }, seen));
    expect(after.filter((id) => id !== '')).toEqual([]);
    // Every connection of the pool has just worked for the company.
    await Promise.all(Array.from({ length: 40 }, () => asHouse(seen)));
    const outside = await Promise.all(
      Array.from({ length: 40 }, () =>
        database.rowsWithoutCompany<{ id: string | null }>(
          `SELECT nullif(current_setting('ofitec.company_id', true), '') AS id`,
        ),
      ),
    );
    expect(outside.flat().filter(({ id }) => id !== null)).toEqual([]);
    const users = await database.transaction(() => database.rows('SELECT 1 FROM base_user'));
    expect(users).toEqual([]);
  });

  it('refuses a company id that is no id, before it reaches SQL', async () => {
    await expect(
      runAsHouse(`x', true); DROP TABLE scratch; --`, 'test', () =>
        database.transaction(() => put(30)),
      ),
    ).rejects.toThrow('A company id is a UUID');
    expect(await stored(1)).toBe(1);
  });

  it('does not answer done when the commit was cut short: the outcome is unknown', async () => {
    await house.rows(
      'superuser',
      `CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE WARNING USING ERRCODE = '01000', MESSAGE = 'canceling wait'; RETURN NULL; END $$;
       CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON scratch DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.id = 41) EXECUTE FUNCTION warn()`,
    );
    await expect(asHouse(() => database.transaction(() => put(41)))).rejects.toThrow(
      'unknown whether this was stored',
    );
    expect(await stored(41)).toBe(1);
  });

  it('reports a connection that dies during the commit as unknown, and works on with a new one', async () => {
    await house.rows(
      'superuser',
      `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
         $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
       CREATE CONSTRAINT TRIGGER die AFTER INSERT ON scratch DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (NEW.id = 50) EXECUTE FUNCTION die()`,
    );
    await expect(asHouse(() => database.transaction(() => put(50)))).rejects.toThrow(
      'unknown whether this was stored',
    );
    expect(await stored(50)).toBe(0);
    await asHouse(() => database.transaction(() => put(51)));
    expect(await stored(51)).toBe(1);
  });
});
