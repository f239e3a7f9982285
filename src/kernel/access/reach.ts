import { Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { AddonRegistry } from '../addon/registry.js';
import { Database } from '../database/database.js';
import type { CompanyRow } from '../database/entity.js';
import type { Where } from '../database/rows.js';
import type { Actor } from './context.js';
import { appliesTo, conditionsFor } from './record-rule.js';
import type { RecordRule } from './record-rule.js';

/** What one record rule says of an actor and a record. */
export interface RuleVerdict {
  readonly rule: RecordRule;
  /** Whether it speaks of this actor: it is global, or for one of the actor's roles. */
  readonly applies: boolean;
  /** Whether it lets the record through to this actor; null when it does not speak of them, or of no record. */
  readonly holds: boolean | null;
}

/**
 * Why an actor reaches a record or not. It looks beyond the present actor's own rules: whoever
 * asks must have shown first that the asker may see the record.
 */
@Injectable()
export class Reach {
  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
  ) {}

  /** Whether the actor's rules together let the record through. */
  async reaches(entity: Type<CompanyRow>, id: string, actor: Actor): Promise<boolean> {
    const anyOf = conditionsFor(this.registry.rules, entity, actor);
    return anyOf !== null && (await this.exists(entity, id, anyOf));
  }

  /** Each rule of the entity by itself; without an id, of no record in particular. */
  async verdicts(
    entity: Type<CompanyRow>,
    id: string | null,
    actor: Actor,
  ): Promise<RuleVerdict[]> {
    const verdicts: RuleVerdict[] = [];
    for (const rule of this.registry.rules.filter((each) => each.entity === entity)) {
      const applies = appliesTo(rule, actor);
      const looks = applies && id !== null;
      verdicts.push({ rule, applies, holds: looks ? await this.holds(rule, id, actor) : null });
    }
    return verdicts;
  }

  private async holds(rule: RecordRule, id: string, actor: Actor): Promise<boolean> {
    const where = rule.where(actor);
    if (where === 'everything') return true;
    return this.exists(rule.entity as Type<CompanyRow>, id, [[where]]);
  }

  private async exists(
    entity: Type<CompanyRow>,
    id: string,
    anyOf: readonly (readonly Where<CompanyRow>[])[],
  ): Promise<boolean> {
    const rows = this.database.rowsOf(entity);
    const { sql, values } = rows.select({ where: [{ id }], anyOf, limit: 1 });
    return (await this.database.rows(sql, values)).length > 0;
  }
}
