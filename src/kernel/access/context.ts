import { AsyncLocalStorage } from 'node:async_hooks';
import type { Language } from '../http/language.js';
import type { ProblemDefinition } from '../http/problem.js';
import type { Subject } from '../events/event.js';

/** Who acts: a signed-in user, or the house itself in a schedule, a delivery or a command. */
export interface Actor {
  /** The user's id; null when the house itself acts. */
  readonly userId: string | null;
  readonly companyId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** The session that proved who it is, for sign-out. */
  readonly sessionId: string | null;
  /** What has to be done before anything else (unlock, a new password); null when nothing has. */
  readonly hindrance: ProblemDefinition | null;
  /** When this person was last proven as sensitive acts demand it; null when never, and for the house. */
  readonly provenAt: Date | null;
  /** What a sensitive act is refused with until the person is proven anew; null when that was lately. */
  readonly unproven: ProblemDefinition | null;
  /** The house itself is bound by no record rule. */
  readonly unrestricted: boolean;
}

/** Whom a request says that it comes from, before it has proven it, and perhaps falsely. */
export interface Claim {
  readonly companyId: string;
  readonly subject: Subject;
}

/** What surrounds one piece of work, from its entry into the house to its commit. */
export interface WorkContext {
  readonly requestId: string;
  /** The client's address, behind trusted proxies only; null where there is no client. */
  readonly ip: string | null;
  readonly language: Language;
  /** The trace that the work belongs to, while traces are on. */
  traceId?: string;
  actor: Actor | null;
  /** Known to the audit if the request is denied, and never to the client. */
  claim?: Claim;
}

const storage = new AsyncLocalStorage<WorkContext>();

/** Runs the work inside a context. */
export function runInContext<T>(context: WorkContext, work: () => T): T {
  return storage.run(context, work);
}

/** The present context, or null outside every piece of work (boot). */
export function currentContext(): WorkContext | null {
  return storage.getStore() ?? null;
}

/** The present actor. @throws Error when nobody has been identified: a bug of the caller */
export function currentActor(): Actor {
  const actor = storage.getStore()?.actor;
  if (!actor) throw new Error('No actor: this work runs before sign-in or outside a context.');
  return actor;
}

/** Notes whom the present request claims to come from; outside of a request nothing. */
export function noteClaim(claim: Claim): void {
  const context = storage.getStore();
  if (context) context.claim = claim;
}

/** The house acting by itself in one company, under a name that the audit shows. */
export function houseActor(companyId: string, name: string): Actor {
  return {
    userId: null,
    companyId,
    login: name,
    name,
    roles: [],
    permissions: new Set(),
    sessionId: null,
    hindrance: null,
    provenAt: null,
    unproven: null,
    unrestricted: true,
  };
}

/** Runs work as the house itself in one company: schedules, deliveries, commands, demo. */
export function runAsHouse<T>(companyId: string, name: string, work: () => T): T {
  const context = { requestId: name, ip: null, language: 'es' as const };
  return runInContext({ ...context, actor: houseActor(companyId, name) }, work);
}
