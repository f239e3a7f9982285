import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Kv } from '../vault/kv.js';
import { isOver, Journals } from './journal.js';
import type { Journal, Kept, SecretName } from './journal.js';
import { locked } from './lock.js';
import { addEntry, demandRunbook } from './runbook.js';

/** A step of a rotation. It looks, acts if that is needed, and looks again: repeating it is harmless. */
export interface Step {
  /** The state in which the rotation is after it. */
  readonly state: string;
  readonly summary: string;
  /** @returns what is noted in the journal */
  act(journal: Journal): Promise<Readonly<Record<string, string>> | void>;
}

/** How one kind of secret is rotated. */
export interface Rotation {
  readonly secret: SecretName;
  readonly steps: readonly Step[];
  /** The step from which on there is no way back. */
  readonly promotes: string;
  /** What would be rotated, by name. Writes nothing. */
  look(): Promise<{ readonly from: string; readonly to: string }>;
  /** Takes back what was done before promotion. */
  undo(journal: Journal): Promise<void>;
}

export interface Rotator {
  readonly kv: Kv;
  readonly runbook: string | null;
  /** Says each step as it is done. */
  report(line: string): void;
}

const NONE = 'No rotation stands still: begin one without --resume and --abort.';

/** Rotates from the beginning. @throws Error when an earlier rotation is not over */
export async function begin(rotation: Rotation, rotator: Rotator): Promise<Journal> {
  return locked(rotator.kv, rotation.secret, async () => {
    const journals = new Journals(rotator.kv);
    const known = await journals.read(rotation.secret);
    if (known && !isOver(known.journal)) {
      const { id, state, at } = known.journal;
      throw new Error(
        `Rotation ${id} stands at ${state} since ${at}: go on with --resume, or --abort.`,
      );
    }
    demandRunbook(rotator.runbook);
    const { from, to } = await rotation.look();
    const now = new Date().toISOString();
    const journal: Journal = {
      ...{ id: randomUUID(), secret: rotation.secret, state: 'BEGUN', from, to },
      ...{ by: `${userName()}@${hostname()}`, startedAt: now, at: now, notes: {} },
    };
    const kept = await journals.write(journal, await journals.over(rotation.secret));
    rotator.report(`BEGUN       ${from} → ${to}, rotation ${journal.id}`);
    return goOn(rotation, rotator, journals, kept);
  });
}

/** Goes on where a rotation stands. @throws Error when there is none to go on with */
export async function resume(rotation: Rotation, rotator: Rotator): Promise<Journal> {
  return locked(rotator.kv, rotation.secret, async () => {
    const journals = new Journals(rotator.kv);
    const known = await journals.read(rotation.secret);
    if (!known || isOver(known.journal)) throw new Error(NONE);
    return goOn(rotation, rotator, journals, known);
  });
}

/** Takes a rotation back. @throws Error when it was promoted: then only forward */
export async function abort(rotation: Rotation, rotator: Rotator): Promise<Journal> {
  return locked(rotator.kv, rotation.secret, async () => {
    const journals = new Journals(rotator.kv);
    const known = await journals.read(rotation.secret);
    if (!known || isOver(known.journal)) throw new Error(NONE);
    const states = rotation.steps.map(({ state }) => state);
    // The promotion may have been done and not noted.
    const before = states[states.indexOf(rotation.promotes) - 1];
    if (states.indexOf(known.journal.state) > states.indexOf(before ?? '')) {
      throw new Error(`It was promoted (${known.journal.state}): go on with --resume.`);
    }
    await rotation.undo(known.journal);
    addEntry(rotator.runbook, { ...known.journal, state: 'ABORTED' });
    const kept = await journals.write({ ...known.journal, state: 'ABORTED' }, known.version);
    rotator.report('ABORTED     the new credential is good for nothing');
    return kept.journal;
  });
}

/** A user without an entry in passwd, as containers have them, has a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

async function goOn(
  rotation: Rotation,
  rotator: Rotator,
  journals: Journals,
  kept: Kept,
): Promise<Journal> {
  const logged: Step = {
    state: 'LOGGED',
    summary: 'the runbook has its entry',
    act: async (journal) => addEntry(rotator.runbook, { ...journal, state: 'LOGGED' }),
  };
  const steps = [...rotation.steps, logged];
  const done = steps.findIndex(({ state }) => state === kept.journal.state);
  let now = kept;
  for (const step of steps.slice(done + 1)) {
    const began = performance.now();
    const notes = await acted(step, journals, now);
    const next = { ...now.journal, state: step.state, notes: { ...now.journal.notes, ...notes } };
    now = await journals.write(next, now.version);
    const took = `${((performance.now() - began) / 1_000).toFixed(1)} s`;
    rotator.report(`${step.state.padEnd(10)}  ${took.padStart(8)}  ${step.summary}`);
  }
  return now.journal;
}

/** Whoever was overtaken finds things as another left them: that is what is said, and not what it met. */
async function acted(
  step: Step,
  journals: Journals,
  kept: Kept,
): Promise<Readonly<Record<string, string>>> {
  try {
    return (await step.act(kept.journal)) ?? {};
  } catch (error) {
    if (!(await journals.isOvertaken(kept))) throw error;
    const { id } = kept.journal;
    throw new Error(`Rotation ${id}: somebody else wrote it meanwhile, and goes on.`, {
      cause: error,
    });
  }
}
