import {
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';

/** What the network says of a server that cannot be reached. */
const UNREACHABLE = [
  ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ETIMEDOUT'],
  ...['EAI_AGAIN', 'ENOTFOUND'],
];

interface ServerError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly severity?: unknown;
  readonly routine?: unknown;
}

/** The error as the PostgreSQL driver raised it, out of TypeORM's wrapping. */
function serverError(error: unknown): ServerError {
  const inner = error instanceof QueryFailedError ? (error.driverError as unknown) : error;
  return typeof inner === 'object' && inner !== null ? inner : {};
}

/** The SQLSTATE of an error that PostgreSQL raised (five characters), or null. */
export function sqlState(error: unknown): string | null {
  const { code } = serverError(error);
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)
    ? code
    : null;
}

/** The name of the violated constraint, or null. */
export function violatedConstraint(error: unknown): string | null {
  const { constraint } = serverError(error);
  return typeof constraint === 'string' ? constraint : null;
}

/**
 * Whether PostgreSQL refused a statement, and with it the transaction: nothing is stored. It is not
 * known when the server said nothing, or was going away (57P0) or out of step (08) as it spoke; nor
 * when what it lacked ended it, as a full disk under its log does: it may find the commit there when
 * it starts again. The severity is in the server's language, which has one word for ERROR in most.
 */
export function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  if (state === null || /^(08|57P0)/.test(state)) return false;
  return !/^(53|58|XX)/.test(state) || serverError(error).severity === 'ERROR';
}

/** Whether there was no disk space for what was to be stored, and it was refused for that. */
export function isDiskFull(error: unknown): boolean {
  return sqlState(error) === '53100' && isRefusal(error);
}

/** Serialization failure, deadlock, a stale prepared statement, or the marker that asks for a fresh start. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  const isRival = state === '40001' || state === '40P01';
  return isRival || isStaleStatement(error) || error instanceof StartAgain;
}

/** In one word why a transaction that {@link isTransient} starts again. */
export function transientReason(error: unknown): string {
  const state = sqlState(error);
  if (state === '40001') return 'serialization';
  if (state === '40P01') return 'deadlock';
  return error instanceof StartAgain ? 'rival' : 'stale_statement';
}

/**
 * Whether a prepared statement no longer fits: a migration changed what it returns, or a pooler in
 * between put the connection on a server that never heard of it.
 */
export function isStaleStatement(error: unknown): boolean {
  const state = sqlState(error);
  const replanned = state === '0A000' && serverError(error).routine === 'RevalidateCachedQuery';
  return replanned || state === '26000';
}

/** Thrown inside a transaction to have its outermost work start again in a new one. */
export class StartAgain extends Error {}

/**
 * Whether the database could not be reached, refused this process or went away: SQLSTATE classes
 * 08, 28, 53, 57P, 3D000, and socket errors.
 */
export function isUnavailable(error: unknown): boolean {
  // TypeORM gives a connection back by itself when it breaks in the middle of a transaction.
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  if (error instanceof QueryRunnerProviderAlreadyReleasedError) return true;
  const state = sqlState(error);
  if (state) return /^(08|53|57P0|28|3D000)/.test(state);
  const { code } = serverError(error);
  if (typeof code === 'string') {
    return UNREACHABLE.includes(code);
  }
  return (
    error instanceof Error &&
    /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    )
  );
}
