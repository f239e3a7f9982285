import type { Type } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';
import type { Where } from '../database/rows.js';
import type { Actor } from './context.js';

/**
 * Limits which records of an entity an actor reaches. Rules compose as Odoo's do: all global
 * rules (no `roles`) must hold, and of the rules for roles one that the actor has. An entity
 * with rules for roles shows nothing to an actor who has none of those roles.
 */
export interface RecordRule<E extends ObjectLiteral = ObjectLiteral> {
  readonly entity: Type<E>;
  readonly summary: string;
  readonly roles?: readonly string[];
  /** The condition on the entity's columns, or `everything`. */
  where(actor: Actor): Where<E> | 'everything';
}

/** Declares a rule with its entity's columns checked. */
export function recordRule<E extends ObjectLiteral>(rule: RecordRule<E>): RecordRule {
  return rule;
}

/** Whether the rule has anything to say to the actor. */
export function appliesTo(rule: RecordRule, actor: Actor): boolean {
  return !rule.roles || rule.roles.some((role) => actor.roles.includes(role));
}

/**
 * The conditions that an actor's records must meet, each a list of alternatives.
 *
 * @returns null when no record is within reach
 */
export function conditionsFor(
  rules: readonly RecordRule[],
  entity: Type,
  actor: Actor,
): Where<ObjectLiteral>[][] | null {
  if (actor.unrestricted) return [];
  const own = rules.filter((rule) => rule.entity === entity);
  const forRoles = own.filter((rule) => rule.roles);
  const mine = forRoles.filter((rule) => appliesTo(rule, actor));
  if (forRoles.length > 0 && mine.length === 0) return null;

  const conditions = own
    .filter((rule) => !rule.roles)
    .map((rule) => [rule.where(actor)])
    .filter((alternatives) => !alternatives.includes('everything'));
  const alternatives = mine.map((rule) => rule.where(actor));
  if (alternatives.length > 0 && !alternatives.includes('everything'))
    conditions.push(alternatives);
  return conditions as Where<ObjectLiteral>[][];
}
