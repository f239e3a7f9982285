import { describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { contractingOf, phaseOf } from './phase.js';

function speaking(...statements: string[]): {
  up: (runner: QueryRunner) => Promise<void>;
  down: () => Promise<void>;
} {
  return {
    up: async (runner) => {
      for (const statement of statements) await runner.query(statement);
    },
    down: async () => {},
  };
}

describe('what a migration takes away', () => {
  it.each([
    'ALTER TABLE sales_order DROP COLUMN note',
    'DROP TABLE sales_order',
    'ALTER TABLE sales_order RENAME COLUMN note TO remark',
    'ALTER TABLE sales_order ALTER COLUMN note SET NOT NULL',
    'ALTER TABLE sales_order ALTER COLUMN note TYPE integer',
    'ALTER TABLE sales_order ADD COLUMN note text NOT NULL',
    'ALTER TABLE sales_order ADD COLUMN a text, ADD COLUMN note text NOT NULL',
    'ALTER TABLE sales_order ADD CONSTRAINT short CHECK (length(note) < 9)',
    'CREATE UNIQUE INDEX one ON sales_order (note)',
    'REVOKE SELECT ON sales_order FROM ofitec_app',
  ])('sees %s', async (sql) => {
    expect(await contractingOf(speaking(sql))).toHaveLength(1);
  });

  it.each([
    'CREATE TABLE stamps_card (id uuid PRIMARY KEY, stamps integer NOT NULL)',
    'ALTER TABLE sales_order ADD COLUMN note text',
    `ALTER TABLE sales_order ADD COLUMN note text NOT NULL DEFAULT ''`,
    'CREATE INDEX some ON sales_order (note)',
    'ALTER TABLE sales_order ALTER COLUMN note DROP NOT NULL',
    `COMMENT ON TABLE sales_order IS 'DROP TABLE sales_order'`,
    'CREATE FUNCTION a() RETURNS void LANGUAGE sql AS $$ DROP TABLE sales_order $$',
    'UPDATE sales_order SET note = NULL -- DROP TABLE sales_order',
  ])('lets %s be', async (sql) => {
    expect(await contractingOf(speaking(sql))).toEqual([]);
  });

  it('lets a migration bound what it makes itself, and nothing else', async () => {
    const own = [
      'CREATE TABLE stamps_card (id uuid)',
      'CREATE UNIQUE INDEX one ON stamps_card (id)',
    ];
    expect(await contractingOf(speaking(...own))).toEqual([]);
    expect(await contractingOf(speaking(...own, 'DROP TABLE sales_order'))).toHaveLength(1);
  });

  it('believes no migration whose statements depend on the database', async () => {
    const asking = {
      up: async (runner: QueryRunner) => {
        const rows = (await runner.query('SELECT 1')) as { name: string }[];
        if (!rows[0]) throw new Error('there is none');
      },
      down: async () => {},
    };
    expect(await contractingOf(asking)).toHaveLength(1);
    expect(phaseOf(asking)).toBe('expand');
    expect(phaseOf(Object.assign(asking, { phase: 'contract' }))).toBe('contract');
  });
});
