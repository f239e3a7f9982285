import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { GENESIS, hashOf, LEAF_BYTES, leafOf, leavesById } from './seal.js';

const ID = '01a20298-8966-75e2-86c1-79299602aa54';
const OTHER = '01a20298-8966-75e2-86c1-79299602aa55';
const saying = (...values: (string | null)[]): { columns: string } => ({
  columns: JSON.stringify(values),
});
const event = { id: ID, transactionId: '7', ...saying(ID, null, 'á "b"', '{"a": 1}'), salt: null };
const content = {
  companyId: OTHER,
  number: 1,
  sealedAt: new Date('2026-11-22T12:00:00.123Z'),
  lastTransactionId: '7',
  lastEventId: ID,
  leaves: leafOf(event),
  previousHash: GENESIS,
};

describe('a seal', () => {
  it('is what anybody can work out again from the columns', () => {
    const said = `["ofitec.event/1","${ID}",null,"á \\"b\\"","{\\"a\\": 1}"]`;
    const leaf = leafOf(event);
    expect(leaf).toHaveLength(LEAF_BYTES);
    expect(leaf.toString('hex', 0, 16)).toBe(ID.replaceAll('-', ''));
    expect(leaf.toString('hex', 16)).toBe(createHash('sha256').update(said).digest('hex'));
    expect([...leavesById(Buffer.concat([leaf, leafOf({ ...event, id: OTHER })])).keys()]).toEqual([
      ID,
      OTHER,
    ]);
  });

  it('is over the chance of an event that has one, which says nothing without it', () => {
    const salted = { ...event, salt: OTHER };
    const said = `["ofitec.event/2","${OTHER}","${ID}",null,"á \\"b\\"","{\\"a\\": 1}"]`;
    const hash = createHash('sha256').update(said).digest('hex');
    expect(leafOf(salted).toString('hex', 16)).toBe(hash);
    expect(leafOf(salted)).not.toEqual(leafOf(event));
  });

  it('is another when anything is, and null is not an empty text', () => {
    const leaves = [
      event,
      { ...event, ...saying(ID, '', 'á "b"', '{"a": 1}') },
      { ...event, ...saying(ID, null, 'á "b"', '{"a": 2}') },
      { ...event, ...saying(ID, null, 'á "b","{\\"a\\": 1}"') },
    ].map((each) => leafOf(each).toString('hex'));
    expect(new Set(leaves).size).toBe(leaves.length);
    const blocks = [
      content,
      { ...content, number: 2 },
      { ...content, companyId: ID },
      { ...content, sealedAt: new Date('2026-11-22T12:00:00.124Z') },
      { ...content, lastTransactionId: '8' },
      { ...content, lastEventId: OTHER },
      { ...content, leaves: leafOf({ ...event, id: OTHER }) },
      { ...content, previousHash: hashOf(content) },
    ].map((each) => hashOf(each).toString('hex'));
    expect(new Set(blocks).size).toBe(blocks.length);
  });
});
