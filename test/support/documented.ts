import { METHOD_METADATA } from '@nestjs/common/constants.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { controllersOf, methodsOf } from '#kernel';
import type { Addon } from '#kernel';

/** One operation of the OpenAPI document, as far as tests look into it. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly permission: string | null;
  readonly sensitive: boolean;
  /** It answers 204 whatever is sent. */
  readonly intake: boolean;
  readonly statuses: readonly number[];
  readonly parameters: readonly { in: string; name: string; required?: boolean; schema?: Schema }[];
  readonly body: Schema | null;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly examples?: readonly unknown[];
}

interface RawOperation {
  readonly operationId: string;
  readonly 'x-permission'?: string | null;
  readonly 'x-sensitive'?: true;
  readonly 'x-intake'?: true;
  readonly responses: Readonly<Record<string, unknown>>;
  readonly parameters?: Operation['parameters'];
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> };
}

/** Every operation of the document. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Readonly<Record<string, RawOperation>>).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      operationId: raw.operationId,
      permission: raw['x-permission'] ?? null,
      sensitive: raw['x-sensitive'] ?? false,
      intake: raw['x-intake'] ?? false,
      statuses: Object.keys(raw.responses).map(Number),
      parameters: raw.parameters ?? [],
      body: raw.requestBody?.content['application/json']?.schema ?? null,
    })),
  );
}

/** A checker that throws when an answer's status is not in the document for its operation. */
export function statusChecker(document: OpenAPIObject) {
  const operations = operationsOf(document).map((operation) => ({
    ...operation,
    matches: new RegExp(
      `^${operation.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`,
    ),
  }));
  // `/{id}.csv` before `/{id}`, as the router takes them.
  operations.sort((a, b) => b.path.length - a.path.length);
  return (method: string, url: string, status: number): void => {
    const path = new URL(url, 'http://test').pathname;
    const operation = operations.find((each) => each.method === method && each.matches.test(path));
    if (operation && !operation.statuses.includes(status)) {
      throw new Error(`${method} ${operation.path} answered ${status}, which is not documented.`);
    }
  };
}

/** A body that fits the schema; ids are taken by their field's name from the given ones. */
export function sampleOf(
  document: OpenAPIObject,
  schema: Schema,
  ids: Readonly<Record<string, string>>,
  name = '',
): unknown {
  if (schema.$ref) {
    const target = schema.$ref.split('/').at(-1) ?? '';
    return sampleOf(document, document.components?.schemas?.[target] as Schema, ids, name);
  }
  if (schema.examples) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'uuid') return ids[name] ?? '00000000-0000-7000-8000-000000000000';
  if (schema.format === 'date') return '2026-01-02';
  if (schema.format === 'date-time') return '2026-01-02T03:04:05Z';
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((field) => [
          field,
          sampleOf(document, schema.properties?.[field] ?? {}, ids, field),
        ]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () =>
        sampleOf(document, schema.items ?? {}, ids, name),
      );
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    default:
      // A tax period.
      if (schema.pattern?.startsWith('^20')) return '202601';
      return schema.pattern?.startsWith('^[A-Z') ? 'MUESTRA' : 'muestra';
  }
}

/** `Controller.method` of every route of the addons, from the decorators and not from the document. */
export function routeNames(addons: readonly Addon[]): string[] {
  return addons.flatMap((addon) =>
    controllersOf(addon).flatMap((controller) =>
      methodsOf(controller)
        .filter(({ method }) => Reflect.hasMetadata(METHOD_METADATA, method))
        .map(({ name }) => `${controller.name.replace(/Controller$/, '')}.${name}`),
    ),
  );
}
