import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ALLOW, SIGNED_IN, STEP_UP } from '../access/allow.js';
import { methodsOf } from '../addon/verify.js';
import { SENSITIVE } from '../throttle/sensitive.js';
import { isUncountedPath } from '../throttle/throttle.js';
import { EDITS, PROBLEMS } from './answers.js';
import { IDEMPOTENT } from './idempotency.js';
import { INTAKE } from './intake.js';
import type { ProblemDefinition } from './problem.js';
import * as problems from './problems.js';

interface Operation {
  operationId?: string;
  description?: string;
  requestBody?: unknown;
  parameters?: { in: string; name: string; schema?: object }[];
  responses: Record<string, unknown>;
  /** For programs: the permission, `*` for any signed-in user, null for everybody. */
  'x-permission'?: string | null;
  /** For programs: whether the stricter limit counts it, too. */
  'x-sensitive'?: true;
  /** For programs: whether it answers 204 whatever is sent. */
  'x-intake'?: true;
  /** For programs: whether it may ask for a proof of identity first. */
  'x-step-up'?: true;
}

/** The OpenAPI 3.1 document of the composed application, every route with its problems. */
export function buildOpenApi(
  app: INestApplication,
  options: {
    version: string;
    controllers: readonly Type[];
    stepUp: readonly ProblemDefinition[];
  },
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('OFITEC')
    .setDescription('ERP for Chilean service shops. Money is whole pesos; instants are UTC.')
    .setVersion(options.version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'token of POST /auth/login' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => operationId(controller, method),
  });
  const routes = new Map(
    options.controllers.flatMap((controller) =>
      methodsOf(controller).map(({ name, method }) => [operationId(controller.name, name), method]),
    ),
  );
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item) as Operation[]) {
      const route = routes.get(operation.operationId ?? '');
      if (route) describeRoute(path, operation, route, options.stepUp);
    }
  }
  document.components ??= {};
  document.components.schemas = {
    ...document.components.schemas,
    Problem: PROBLEM_SCHEMA as never,
  };
  closeInputs(document);
  return document;
}

/** What a body may not have beside its fields is said too: inputs refuse unknown members. */
function closeInputs(document: OpenAPIObject): void {
  const schemas = document.components?.schemas ?? {};
  const close = (part: unknown): void => {
    const names = JSON.stringify(part).matchAll(/#\/components\/schemas\/(\w+)/g);
    for (const [, name = ''] of names) {
      const schema = schemas[name] as { additionalProperties?: boolean } | undefined;
      if (!schema || schema.additionalProperties === false) continue;
      schema.additionalProperties = false;
      close(schema);
    }
  };
  for (const item of Object.values(document.paths)) {
    for (const { requestBody } of Object.values(item) as Operation[]) close(requestBody ?? {});
  }
}

function operationId(controller: string, method: string): string {
  return `${controller.replace(/Controller$/, '')}.${method}`;
}

function describeRoute(
  path: string,
  operation: Operation,
  route: object,
  stepUp: readonly ProblemDefinition[],
): void {
  const read = <T>(key: string): T | undefined => Reflect.getMetadata(key, route) as T | undefined;
  const permission = read<string>(ALLOW);
  operation['x-permission'] = permission ?? null;
  operation.description = permissionInWords(permission);
  if (read(SENSITIVE)) {
    operation['x-sensitive'] = true;
    operation.description += ' Counts against the stricter limit for credentials, roles, exports.';
  }
  const demanded = read<boolean>(STEP_UP) ? stepUp : [];
  if (demanded.length > 0) {
    operation['x-step-up'] = true;
    operation.description += ' Demands a recent proof of identity (step-up).';
  }
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === 'path' && parameter.name === 'id') {
      parameter.schema = { type: 'string', format: 'uuid' };
    }
  }
  if (read(INTAKE)) {
    operation['x-intake'] = true;
    operation.description +=
      ' Answers 204 whatever is sent, since its clients send refusals again.';
    return;
  }
  const byStatus = new Map<number, ProblemDefinition[]>();
  for (const problem of new Set([...problemsOf(path, operation, read), ...demanded])) {
    byStatus.set(problem.status, [...(byStatus.get(problem.status) ?? []), problem]);
  }
  for (const [status, definitions] of byStatus) {
    operation.responses[status] = {
      ...(status === 429 ? { headers: LIMIT_HEADERS } : {}),
      description: definitions.map(({ code, title }) => `\`${code}\` ${title.en}`).join('; '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}

function permissionInWords(permission: string | undefined): string {
  if (permission === undefined) return 'Open to everybody.';
  return permission === SIGNED_IN
    ? 'Any signed-in user.'
    : `Needs the permission \`${permission}\`.`;
}

function problemsOf(
  path: string,
  operation: Operation,
  read: <T>(key: string) => T | undefined,
): ProblemDefinition[] {
  const permission = read<string>(ALLOW);
  return [
    ...(read<ProblemDefinition[]>(PROBLEMS) ?? []),
    problems.Malformed,
    problems.UriTooLong,
    problems.HeadersTooLarge,
    problems.WrongHost,
    problems.Internal,
    problems.Busy,
    problems.DatabaseUnavailable,
    ...(isUncountedPath(path) ? [] : [problems.TooManyRequests]),
    ...(permission ? [problems.Unauthenticated, problems.CrossSite] : []),
    ...(permission && permission !== SIGNED_IN ? [problems.Forbidden] : []),
    ...(path.includes('{') ? [problems.NotFound] : []),
    ...(operation.requestBody
      ? [problems.TooLarge, problems.UnsupportedMediaType, problems.Conflict]
      : []),
    ...(operation.requestBody ? [problems.OutOfRange, problems.OutcomeUnknown] : []),
    ...(read(IDEMPOTENT) ? [problems.IdempotencyBusy, problems.IdempotencyReused] : []),
    ...(read(EDITS) ? [problems.Stale, problems.IfMatchRequired] : []),
  ];
}

const LIMIT_HEADERS = {
  'Retry-After': {
    description: 'seconds until the next request makes sense',
    schema: { type: 'integer', minimum: 1 },
  },
  RateLimit: {
    description: 'of each limit that counted the request, what is left (r) and seconds to go (t)',
    schema: { type: 'string', examples: ['"user";r=5994;t=42'] },
  },
  'RateLimit-Policy': {
    description: 'the limits that count the route: requests (q) in a window of seconds (w)',
    schema: { type: 'string', examples: ['"user";q=6000;w=60'] },
  },
};

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem (RFC 9457).',
  required: ['type', 'code', 'status', 'title', 'requestId'],
  properties: {
    type: { type: 'string', description: 'stable reference of the kind of problem' },
    code: { type: 'string', description: 'the same as a name' },
    status: { type: 'integer' },
    title: { type: 'string', description: 'in the language of Accept-Language' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
  additionalProperties: true,
};
