import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ALLOW } from '../access/allow.js';
import type { Addon } from './addon.js';
import { controllersOf, methodsOf } from './verify.js';

/**
 * What reading one record of a kind (`payments.cash_session`) demands: the addon's permission
 * `<kind>.read`, or where it declares none, what the route that shows one demands. Null where no
 * route shows one: then nobody is told of it.
 */
export function readingOf(addon: Addon, type: string): string | null {
  const kind = type.replaceAll('_', '-');
  const permission = `${kind}.read`;
  if (Object.hasOwn(addon.permissions, permission)) return permission;
  const path = `api/v1/${addon.name}/${pluralOf(kind.slice(addon.name.length + 1))}`;
  const shows = controllersOf(addon)
    .filter((controller) => Reflect.getMetadata(PATH_METADATA, controller) === path)
    .flatMap((controller) => methodsOf(controller))
    .find(
      ({ method }) =>
        Reflect.getMetadata(METHOD_METADATA, method) === RequestMethod.GET &&
        Reflect.getMetadata(PATH_METADATA, method) === ':id',
    );
  return shows ? ((Reflect.getMetadata(ALLOW, shows.method) as string | undefined) ?? null) : null;
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
