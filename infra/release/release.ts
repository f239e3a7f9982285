import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '#kernel';
import type { Colour, ReleasePlan } from './config.js';
import type { Found, Gate, GateVerdict } from './gate.js';
import { ProxyRefused } from './proxy.js';
import type { Proxy } from './proxy.js';
import { otherThan, weightsOf } from './standing.js';
import type { Memory, Standing, Verb } from './standing.js';

/** What a release works with; a test may give parts of its own. */
export interface Desk {
  readonly plan: ReleasePlan;
  readonly memory: Memory;
  readonly proxies: readonly Proxy[];
  /** Null where no Prometheus watches. */
  readonly gate: Gate | null;
  find(colour: Colour): Promise<Found>;
  openRequests(colour: Colour): Promise<number | null>;
  /** Says each step as it is done. */
  report(line: string): void;
}

/** How an act ended. `stopped`: nothing bad was seen, and not enough to go on. */
type Outcome = 'done' | 'nothing to do' | 'rolled back' | 'stopped';

export interface Ending {
  readonly outcome: Outcome;
  readonly standing: Standing;
  /** Whether the colour that gets nothing has answered everything; null when it does not say. */
  readonly drained: boolean | null;
}

/** What must not be begun. */
export class Refused extends Error {}

const LOOK_MS = 1_000;

/**
 * Brings to an end what a killed process left: the proxies are told of the shares that stand in the
 * memory, and a colour that has everything is the live one.
 */
async function settle(desk: Desk): Promise<Standing> {
  const known = await desk.memory.read();
  const told = known.before === null ? known : await tellAll(desk, known);
  return told.share === 100 ? flip(desk, told) : told;
}

/** Gives the colour that is not live a share. @throws ProxyRefused when all is as before */
async function moveTo(desk: Desk, verb: Verb, share: number): Promise<Standing> {
  const known = await desk.memory.read();
  const generation = known.generation + 1;
  // Written before anything is done: whoever comes after a crash knows where this was going.
  const wanted = { ...known, verb, share, before: known.share, generation };
  const standing = await desk.memory.write(wanted);
  desk.memory.note(standing, `begins ${share} %`);
  return tellAll(desk, standing);
}

async function tellAll(desk: Desk, standing: Standing): Promise<Standing> {
  const { generation } = standing;
  try {
    for (const proxy of desk.proxies) {
      await proxy.tell({ weights: weightsOf(standing), generation });
      desk.memory.note(standing, `${proxy.name} follows`);
    }
  } catch (error) {
    if (!(error instanceof ProxyRefused)) throw error;
    await takeBack(desk, standing);
    throw error;
  }
  const done = await desk.memory.write({ ...standing, before: null });
  const { blue, green } = weightsOf(done);
  desk.report(`blue ${blue} %, green ${green} %: ${names(desk)}`);
  return done;
}

/** A proxy refused: those that had taken it go back, and the memory with them. */
async function takeBack(desk: Desk, standing: Standing): Promise<void> {
  const { before, generation } = standing;
  if (before === null || before === standing.share) return;
  const old = { ...standing, share: before, before, generation: generation + 1 };
  await desk.memory.write(old);
  desk.memory.note(old, 'a proxy refused');
  const shares = { weights: weightsOf(old), generation: old.generation };
  // Where this fails, too, the next act tries again: the memory says that it is not done.
  for (const proxy of desk.proxies) await proxy.tell(shares);
  await desk.memory.write({ ...old, before: null });
}

/** The colour that has everything is the live one from now on; for the proxies nothing changes. */
async function flip(desk: Desk, standing: Standing): Promise<Standing> {
  const live = otherThan(standing.live);
  const previous = standing.verb === 'rollback' ? null : standing.live;
  const flipped = await desk.memory.write({ ...standing, live, share: 0, previous });
  desk.memory.note(flipped, `${live} is live`);
  desk.report(`${live} is live`);
  return flipped;
}

/** Writes the proxies' files and tells nobody: before the proxies run for the first time. */
export async function writeOnly(desk: Desk): Promise<Ending> {
  const standing = await desk.memory.read();
  const shares = { weights: weightsOf(standing), generation: standing.generation };
  for (const proxy of desk.proxies) await writeWhole(proxy.file, proxy.text(shares));
  return { outcome: 'done', standing, drained: null };
}

/** Tells the proxies what stands, the first time all to blue. */
export async function apply(desk: Desk): Promise<Ending> {
  const standing = await settle(desk);
  const { generation } = standing;
  const shares = { weights: weightsOf(standing), generation };
  for (const proxy of desk.proxies) if (!(await proxy.follows(shares))) await proxy.tell(shares);
  return end(desk, standing, 'done');
}

/**
 * Gives the other colour more and more, as long as the gate says that it serves well. At 100 % it is
 * the live one.
 *
 * @param until the share to stop at, in percent
 */
export async function canary(desk: Desk, until = 100): Promise<Ending> {
  const { share, live } = await settle(desk);
  const steps = desk.plan.steps.filter((step) => step > share && step <= until);
  await demandReady(desk, otherThan(live));
  await demandSeen(desk, otherThan(live));
  return walk(desk, 'canary', steps, true);
}

/** Gives the other colour everything. @param gated false where no Prometheus watches */
export async function switchOver(desk: Desk, gated: boolean): Promise<Ending> {
  const { live } = await settle(desk);
  await demandReady(desk, otherThan(live));
  if (gated) {
    await demandSeen(desk, otherThan(live));
    const verdict = await known(desk, otherThan(live));
    if (verdict !== 'healthy') {
      throw new Refused(
        `gate:healthy of ${otherThan(live)} is ${verdict}: nothing was moved. Begin with a canary.`,
      );
    }
  }
  return walk(desk, 'switch', [100], gated);
}

/** Gives everything back: what a canary had, or after a switch all to the colour from before. */
export async function rollback(desk: Desk): Promise<Ending> {
  const { share, previous } = await settle(desk);
  if (share > 0) return end(desk, await moveTo(desk, 'rollback', 0), 'rolled back');
  if (previous === null) return end(desk, await desk.memory.read(), 'nothing to do');
  await demandReady(desk, previous);
  return end(desk, await flip(desk, await moveTo(desk, 'rollback', 100)), 'rolled back');
}

async function walk(
  desk: Desk,
  verb: Verb,
  steps: readonly number[],
  gated: boolean,
): Promise<Ending> {
  let standing = await desk.memory.read();
  const candidate = otherThan(standing.live);
  for (const step of steps) {
    // What is already out must be well before more is given; nothing can be said of nothing.
    if (gated && standing.share > 0) {
      const verdict = await known(desk, candidate);
      if (verdict !== 'healthy') return halt(desk, candidate, verdict);
    }
    standing = await moveTo(desk, verb, step);
    if (!gated) continue;
    const verdict = await hold(desk, candidate);
    if (verdict !== 'healthy') return halt(desk, candidate, verdict);
    desk.report(`${candidate} served well for ${desk.plan.stepSeconds} s at ${step} %`);
  }
  return end(desk, standing.share === 100 ? await flip(desk, standing) : standing, 'done');
}

/** Bad goes back; unknown stays where it is. */
async function halt(desk: Desk, candidate: Colour, verdict: GateVerdict): Promise<Ending> {
  if (verdict === 'unknown') {
    desk.report(`gate:healthy of ${candidate} says nothing: nothing more is moved`);
    return end(desk, await desk.memory.read(), 'stopped');
  }
  desk.report(`gate:healthy of ${candidate} is 0: everything goes back`);
  return end(desk, await moveTo(desk, 'rollback', 0), 'rolled back');
}

/** Watches a share for its time. @returns at once when it is bad, else what is known at the end */
async function hold(desk: Desk, colour: Colour): Promise<GateVerdict> {
  const deadline = performance.now() + desk.plan.stepSeconds * 1_000;
  while (performance.now() < deadline) {
    if ((await desk.gate?.verdict(colour)) === 'unhealthy') return 'unhealthy';
    await sleep(Math.min(LOOK_MS, Math.max(1, deadline - performance.now())));
  }
  return known(desk, colour);
}

/** What the gate says, waited for while it says nothing. */
async function known(desk: Desk, colour: Colour): Promise<GateVerdict> {
  const deadline = performance.now() + desk.plan.unknownSeconds * 1_000;
  for (;;) {
    const verdict = (await desk.gate?.verdict(colour)) ?? 'unknown';
    if (verdict !== 'unknown' || performance.now() > deadline) return verdict;
    await sleep(LOOK_MS);
  }
}

async function demandReady(desk: Desk, colour: Colour): Promise<void> {
  const { ready } = await desk.find(colour);
  if (!ready) throw new Refused(`${colour} does not answer that it is ready: nothing was moved.`);
}

async function demandSeen(desk: Desk, colour: Colour): Promise<void> {
  if (desk.gate && (await desk.gate.sees(colour))) return;
  throw new Refused(
    `Prometheus does not look at ${colour}, or is not there: nothing was moved.` +
      (desk.gate ? '' : ' RELEASE_PROMETHEUS is unset; `switch --ungated` does without.'),
  );
}

/** Waits until the colour that gets nothing has answered what it had. It is never stopped here. */
async function end(desk: Desk, standing: Standing, outcome: Outcome): Promise<Ending> {
  const over = await desk.memory.write({ ...standing, verb: null });
  desk.memory.note(over, outcome);
  const idle = over.share === 0 ? otherThan(over.live) : null;
  const drained = idle === null ? null : await drain(desk, idle);
  return { outcome, standing: over, drained };
}

/** Two looks without open requests, since one may fall between a connection and its request. */
async function drain(desk: Desk, colour: Colour): Promise<boolean | null> {
  const deadline = performance.now() + desk.plan.drainSeconds * 1_000;
  let empty = 0;
  for (;;) {
    const open = await desk.openRequests(colour);
    if (open === null) return null;
    empty = open === 0 ? empty + 1 : 0;
    if (empty === 2) return true;
    if (performance.now() > deadline) return false;
    await sleep(empty > 0 ? 250 : LOOK_MS);
  }
}

function names({ proxies }: Desk): string {
  return proxies.map(({ name }) => name).join(', ');
}
