import assert from 'node:assert/strict';
import type { AdapterReturn } from '../connector/adapter-return.js';
import { CAPABILITIES, NotTaken, OUTCOMES } from '../connector/sii-adapter.js';
import type { AdapterTarget, Outcome, SiiAdapter } from '../connector/sii-adapter.js';
import type { PartnerFault } from './faults.js';

/** The other end of an adapter, as far as the contract plays with it. */
export interface OtherEnd {
  /** How many submissions it has taken. */
  taken(): number;
  /** What it does wrong with the next submission. */
  fail(fault: PartnerFault): void;
  /** The SII took what it was given. */
  file(folio: string, filedOn: string): void;
  /** The body of a webhook about what it took last; null where it sends none. */
  webhook(): unknown;
}

/** An adapter, and where it is tried out. */
export interface AdapterWorld {
  readonly adapter: SiiAdapter;
  readonly target: AdapterTarget;
  /** The same where nobody listens: a port of this machine that is closed. */
  readonly nowhere: AdapterTarget;
  /** Null for a way to the SII that submits nothing. */
  readonly otherEnd: OtherEnd | null;
  close(): Promise<void>;
}

/** A test runner: that of Jest, Vitest, Mocha or `node:test`. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

const RETURN: AdapterReturn = {
  rut: '76123456-0',
  period: '202610',
  revision: 1,
  codes: { '89': 1_900, '91': 1_900, '115': 0.125, '502': 1_900, '538': 1_900 },
};

/** No call may take longer, whatever the other end does: whoever waits is the house's only worker. */
const PATIENCE_MS = 30_000;

/** Faults after which the other end has the return, and nobody said so. */
const TAKEN_ALL_THE_SAME: readonly PartnerFault[] = [
  'silent-after-acceptance',
  'error-after-acceptance',
  'hang-up-after-acceptance',
  'nonsense-after-acceptance',
];

let series = 0;

/** A key that no other end has seen. */
function newKey(): string {
  series += 1;
  return `76123456-0-202610-1-${process.pid.toString(16)}${Date.now().toString(16)}-${series}`;
}

/**
 * What every adapter must do, as tests of whatever runner: that a return is given exactly once
 * whatever happens rests on it. `open` makes a world of its own for each test.
 */
export function siiAdapterContract(runner: Runner, open: () => Promise<AdapterWorld>): void {
  const test = (name: string, body: (world: AdapterWorld) => Promise<void>): void => {
    runner.it(name, async () => {
      const world = await open();
      try {
        await inTime(body(world));
      } finally {
        await world.close();
      }
    });
  };
  runner.describe('keeps the contract of adapters', () => {
    itIsAnAdapter(test);
    itSubmitsOnce(test);
    itSaysWhatItKnows(test);
    itTellsOfNews(test);
  });
}

type Test = (name: string, body: (world: AdapterWorld) => Promise<void>) => void;
type Submitting = AdapterWorld & { readonly otherEnd: OtherEnd };

/** The body for adapters that submit; the others must refuse to. */
function submitting(body: (world: Submitting) => Promise<void>) {
  return async (world: AdapterWorld): Promise<void> => {
    const { adapter, otherEnd } = world;
    assert.equal(adapter.capabilities.includes('submit'), otherEnd !== null);
    if (otherEnd) return body({ ...world, otherEnd });
    await assert.rejects(adapter.submit(world.target, RETURN, newKey()), NotTaken);
    assert.equal(await adapter.find(world.target, newKey()), null);
    return undefined;
  };
}

function itIsAnAdapter(test: Test): void {
  test('has a kind, and capabilities that are known', async ({ adapter }) => {
    assert.match(adapter.kind, /^[a-z][a-z0-9-]{1,39}$/);
    assert.ok(adapter.capabilities.every((each) => CAPABILITIES.includes(each)));
    assert.equal(new Set(adapter.capabilities).size, adapter.capabilities.length);
    await Promise.resolve();
  });

  test('is well where the other end is', async ({ adapter, target }) => {
    await adapter.probe(target);
  });

  test('says that the other end is away', async ({ adapter, nowhere, otherEnd }) => {
    if (otherEnd) await assert.rejects(adapter.probe(nowhere));
  });
}

function itSubmitsOnce(test: Test): void {
  const taken = submitting(async ({ adapter, target, otherEnd }) => {
    const outcome = demandOutcome(await adapter.submit(target, RETURN, newKey()));
    assert.notEqual(outcome.state, 'rejected');
    assert.equal(otherEnd.taken(), 1);
  });
  test('gives a return', taken);

  const again = submitting(async ({ adapter, target, otherEnd }) => {
    const key = newKey();
    const first = await adapter.submit(target, RETURN, key);
    const second = await adapter.submit(target, RETURN, key);
    assert.equal(second.externalId, first.externalId);
    assert.equal(otherEnd.taken(), 1);
    await adapter.submit(target, RETURN, newKey());
    assert.equal(otherEnd.taken(), 2);
  });
  test('gives it once under one key, and again under another', again);

  for (const fault of TAKEN_ALL_THE_SAME) {
    const unknown = submitting(async ({ adapter, target, otherEnd }) => {
      const key = newKey();
      otherEnd.fail(fault);
      const error = await faultOf(adapter.submit(target, RETURN, key));
      assert.ok(!(error instanceof NotTaken), `it was taken, and the adapter says NotTaken`);
      const found = await adapter.find(target, key);
      assert.ok(found, 'what was taken is found by its key');
      demandOutcome(found);
      assert.equal(otherEnd.taken(), 1);
    });
    test(`${fault}: does not know, and finds it`, unknown);
  }

  const slow = submitting(async ({ adapter, target, otherEnd }) => {
    otherEnd.fail('slow');
    demandOutcome(await adapter.submit(target, RETURN, newKey()));
    assert.equal(otherEnd.taken(), 1);
  });
  test('slow: waits', slow);

  const busy = submitting(async ({ adapter, target, otherEnd }) => {
    otherEnd.fail('busy');
    const key = newKey();
    assert.ok((await faultOf(adapter.submit(target, RETURN, key))) instanceof NotTaken);
    assert.equal(await adapter.find(target, key), null);
    assert.equal(otherEnd.taken(), 0);
  });
  test('busy: knows that it was not taken', busy);

  const away = submitting(async ({ adapter, nowhere }) => {
    assert.ok((await faultOf(adapter.submit(nowhere, RETURN, newKey()))) instanceof NotTaken);
    // Who cannot ask does not know; "there is none" would have it given again.
    await assert.rejects(adapter.find(nowhere, newKey()));
  });
  test('nobody there: knows that it was not taken, and not whether it ever was', away);

  const refused = submitting(async ({ adapter, target, otherEnd }) => {
    otherEnd.fail('refusal');
    const outcome = demandOutcome(await adapter.submit(target, RETURN, newKey()));
    assert.equal(outcome.state, 'rejected');
    assert.ok(outcome.detail, 'it says why');
    assert.equal(otherEnd.taken(), 0);
  });
  test('a refusal is an outcome, with its reason', refused);
}

function itSaysWhatItKnows(test: Test): void {
  const none = submitting(async ({ adapter, target }) => {
    assert.equal(await adapter.find(target, newKey()), null);
  });
  test('finds nothing under a key that was never given', none);

  const filed = submitting(async ({ adapter, target, otherEnd }) => {
    const key = newKey();
    const given = await adapter.submit(target, RETURN, key);
    assert.notEqual(given.state, 'filed');
    otherEnd.file('7000000001', '2026-11-12');
    const found = await adapter.find(target, key);
    assert.ok(found);
    const { state, folio, filedOn, externalId } = demandOutcome(found);
    assert.deepEqual(
      { state, folio, filedOn },
      {
        ...{ state: 'filed', folio: '7000000001', filedOn: '2026-11-12' },
      },
    );
    assert.equal(externalId, given.externalId);
  });
  test('brings folio and day of what was filed', filed);

  const apart = submitting(async ({ adapter, target, nowhere, otherEnd }) => {
    const keys = [newKey(), newKey(), newKey()];
    const calls = keys.map((key) => adapter.submit(target, RETURN, key));
    await assert.rejects(adapter.submit(nowhere, RETURN, newKey()));
    const ids = (await Promise.all(calls)).map(({ externalId }) => externalId);
    assert.equal(new Set(ids).size, keys.length);
    assert.equal(otherEnd.taken(), keys.length);
  });
  test('keeps calls apart that run at once', apart);

  const secret = submitting(async ({ adapter, target, nowhere, otherEnd }) => {
    assert.ok(target.secret, 'a world has a secret');
    const said: unknown[] = [];
    for (const fault of [...TAKEN_ALL_THE_SAME, 'busy', 'error', 'refusal'] as const) {
      otherEnd.fail(fault);
      const key = newKey();
      said.push(await adapter.submit(target, RETURN, key).catch(wordsOf));
    }
    said.push(await adapter.probe(nowhere).catch(wordsOf));
    assert.ok(!JSON.stringify(said).includes(target.secret), 'the secret was told on');
  });
  test('tells its secret to nobody but the other end', secret);
}

function itTellsOfNews(test: Test): void {
  const news = submitting(async ({ adapter, target, otherEnd }) => {
    const key = newKey();
    const { externalId } = await adapter.submit(target, RETURN, key);
    const body = otherEnd.webhook();
    assert.equal(adapter.capabilities.includes('webhook'), body !== null);
    if (body === null) return;
    const subject = adapter.subjectOf(target, JSON.parse(JSON.stringify(body)));
    assert.ok(
      subject?.key === key || subject?.externalId === externalId,
      'it names the submission',
    );
  });
  test('knows what a webhook is about', news);

  test('makes nothing of a webhook that tells nothing', async ({ adapter, target }) => {
    const odd = [null, 0, '', 'x', [], {}, { data: null }, { data: [] }, { data: { key: {} } }];
    for (const body of odd) assert.equal(adapter.subjectOf(target, body), null);
    await Promise.resolve();
  });
}

/** An outcome that the house can keep. */
function demandOutcome(outcome: Outcome): Outcome {
  const { state, externalId, folio, filedOn, detail } = outcome;
  assert.ok(OUTCOMES.includes(state), `${state} is no outcome`);
  assert.ok(externalId.length > 0 && externalId.length <= 100);
  assert.ok(detail === undefined || detail.length <= 300);
  if (state === 'filed') {
    assert.match(folio ?? '', /^\d{1,12}$/);
    assert.match(filedOn ?? '', /^\d{4}-\d\d-\d\d$/);
  }
  return outcome;
}

async function faultOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail('it knew an outcome where nobody can'),
    (error: unknown) => error,
  );
}

/** All that an error says, also what caused it, as a log would have it. */
function wordsOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { ...error, name, message, stack, cause: wordsOf(cause) };
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the adapter takes too long')), PATIENCE_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
