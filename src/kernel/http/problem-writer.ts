import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { Language } from './language.js';
import { isDiskFull, isUnavailable, sqlState, violatedConstraint } from '../database/sql-state.js';
import { Problem, problemOfConstraint } from './problem.js';
import type { ProblemDefinition } from './problem.js';
import * as problems from './problems.js';

/** A problem as it is answered (RFC 9457 §3). */
export interface ProblemBody {
  readonly type: string;
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly requestId: string;
  readonly errors?: readonly { field: string; message: string }[];
  readonly [extra: string]: unknown;
}

/** The answer to a problem in one language. Says nothing of the cause. */
export function problemBody(problem: Problem, language: Language, requestId: string): ProblemBody {
  const { definition, options } = problem;
  return {
    type: `/problems/${definition.code}`,
    code: definition.code,
    status: definition.status,
    title: definition.title[language],
    ...(options.detail ? { detail: options.detail[language] } : {}),
    requestId,
    ...(options.faults
      ? { errors: options.faults.map((f) => ({ field: f.field, message: f[language] })) }
      : {}),
    ...options.extra,
  };
}

/** The language that the client likes best of those the house speaks; Spanish without a wish. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wishes = (acceptLanguage ?? '')
    .toLowerCase()
    .split(',')
    .map((wish) => {
      const [tag = '', ...parameters] = wish.split(';').map((part) => part.trim());
      const quality = parameters.find((part) => part.startsWith('q='))?.slice(2);
      return { language: tag.slice(0, 2), quality: Number(quality ?? 1) };
    });
  const spoken = wishes.filter(({ language, quality }) => isLanguage(language) && quality > 0);
  spoken.sort((a, b) => b.quality - a.quality);
  return spoken[0]?.language === 'en' ? 'en' : 'es';
}

function isLanguage(tag: string): boolean {
  return tag === 'es' || tag === 'en';
}

/** What an error of any origin means to the client. Unknown ones mean Internal. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return new Problem(ofStatus(error.getStatus()));
  const fromFramework = ofFrameworkCode(error);
  if (fromFramework) return new Problem(fromFramework, { cause: error });
  return ofDatabase(error) ?? new Problem(problems.Internal, { cause: error });
}

function ofDatabase(error: unknown): Problem | null {
  if (isDiskFull(error)) {
    return new Problem(problems.StorageFull, { cause: error, retryAfterSeconds: 30 });
  }
  if (isUnavailable(error)) {
    return new Problem(problems.DatabaseUnavailable, { cause: error, retryAfterSeconds: 5 });
  }
  const state = sqlState(error);
  if (!state) return null;
  const constraint = violatedConstraint(error);
  const claimed = constraint ? problemOfConstraint(constraint) : undefined;
  if (claimed) return new Problem(claimed, { cause: error });
  if (state === '23505') return new Problem(problems.Conflict, { cause: error });
  if (state === '23503') return new Problem(problems.UnknownReference, { cause: error });
  if (state === '40001' || state === '40P01' || state === '55P03' || state === '57014') {
    return new Problem(problems.Busy, { cause: error, retryAfterSeconds: 1 });
  }
  if (state.startsWith('22')) return new Problem(problems.OutOfRange, { cause: error });
  return null;
}

function ofFrameworkCode(error: unknown): ProblemDefinition | null {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (typeof code !== 'string') return null;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return problems.TooLarge;
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return problems.UnsupportedMediaType;
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return problems.UriTooLong;
  return code.startsWith('FST_') && typeof statusCode === 'number' && statusCode < 500
    ? ofStatus(statusCode)
    : null;
}

/** A framework's bare status as one of the shared problems. */
function ofStatus(status: number): ProblemDefinition {
  const found = Object.values(problems).find(
    (problem) => problem.status === status && problem !== problems.CrossSite,
  );
  if (found) return found;
  return status < 500 && STATUS_CODES[status] ? problems.Malformed : problems.Internal;
}
