import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  currentActor,
  Database,
  Forbidden,
  Problem,
  Reach,
  Records,
  SIGNED_IN,
} from '#kernel';
import type { Actor, RuleVerdict } from '#kernel';
import { User } from '#modules/base';
import type { ExplainQuery } from './explain.input.js';
import { UnknownPermission, UnknownSubjectType } from './explain.problems.js';
import type { ExplainedRuleView, ExplanationView } from './explain.view.js';

/** Lets ask why another user may or may not do something. */
export const EXPLAIN_OTHERS = 'auth.explanation.read';

/** Whom the question is about. */
interface Asked {
  readonly actor: Actor;
  readonly active: boolean;
  readonly isMyself: boolean;
}

/** A record that was asked about. */
interface Looked {
  /** Whether the asker may read records of its kind at all. */
  readonly readable: boolean;
  readonly reached: boolean;
  readonly view: NonNullable<ExplanationView['subject']>;
}

type Outcome = Pick<ExplanationView, 'verdict' | 'reason'>;

const denied = (reason: Outcome['reason']): Outcome => ({ verdict: 'denied', reason });
const unknown = (reason: Outcome['reason']): Outcome => ({ verdict: 'unknown', reason });

/**
 * Says which role, permission or record rule lets somebody do something or not. Of a record it
 * tells only what the asker may see: one that is absent, one of another company and one that a
 * rule hides from the asker get the same answer. It speaks of access alone; the state of the
 * record (a closed cash session) may still be in the way.
 */
@Injectable()
export class ExplainService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly reach: Reach,
    private readonly registry: AddonRegistry,
  ) {}

  /**
   * @throws Problem UnknownPermission, UnknownSubjectType
   * @throws Problem Forbidden for another user without {@link EXPLAIN_OTHERS}; NotFound for none
   */
  async explain({ permission, subject, userId }: ExplainQuery): Promise<ExplanationView> {
    const meanings = this.registry.permissions;
    const summary = Object.hasOwn(meanings, permission) ? meanings[permission] : undefined;
    if (summary === undefined) throw new Problem(UnknownPermission);
    return this.database.transaction(async () => {
      const asked = await this.whom(userId);
      const { userId: id, login, roles: own } = asked.actor;
      const looked = subject === undefined ? null : await this.look(subject, asked.actor);
      const roles = this.registry.rolesWith(permission);
      const grantedBy = roles.filter((role) => own.includes(role));
      const asPermission = { name: permission, summary, grantedBy, roles };
      return {
        ...outcomeOf(asked, asPermission, looked),
        user: { id: id ?? '', login, roles: [...own] },
        permission: asPermission,
        ...(looked ? { subject: looked.view } : {}),
      };
    });
  }

  private async whom(userId: string | undefined): Promise<Asked> {
    const me = currentActor();
    if (userId === undefined || userId === me.userId) {
      return { actor: me, active: true, isMyself: true };
    }
    if (!me.permissions.has(EXPLAIN_OTHERS)) throw new Problem(Forbidden);
    const { id, login, name, roles, active } = await this.records.get(User, userId);
    const permissions = this.registry.permissionsOf(roles);
    const actor = { ...me, userId: id, login, name, roles, permissions, sessionId: null };
    return { actor, active, isMyself: false };
  }

  /** What the asker may know of the record, and whether the user asked about reaches it. */
  private async look(subject: string, actor: Actor): Promise<Looked> {
    const [type = '', id = ''] = subject.split('/');
    const kind = this.registry.kindOf(type);
    if (!kind) throw new Problem(UnknownSubjectType);
    const { entity, reading } = kind;
    const mine = currentActor().permissions;
    const readable = reading !== null && (reading === SIGNED_IN || mine.has(reading));
    const seen = readable && (await this.records.find(entity, { id })) !== null;
    const verdicts = await this.reach.verdicts(entity, seen ? id : null, actor);
    return {
      readable,
      reached: seen && (await this.reach.reaches(entity, id, actor)),
      view: { type, id, seen, rules: verdicts.map(ruleView) },
    };
  }
}

function outcomeOf(
  { actor, active, isMyself }: Asked,
  { name, grantedBy }: ExplanationView['permission'],
  looked: Looked | null,
): Outcome {
  if (!active) return denied('user-disabled');
  if (!actor.permissions.has(name)) {
    return denied(grantedBy.length === 0 ? 'no-role-grants-it' : 'not-in-this-session');
  }
  if (!looked) return { verdict: 'allowed', reason: 'granted' };
  if (!looked.readable) return unknown('record-not-readable');
  // What is not there for me is refused to me; what it is for another I am not told.
  if (!looked.view.seen) return (isMyself ? denied : unknown)('record-not-found');
  return looked.reached ? { verdict: 'allowed', reason: 'granted' } : denied('hidden-by-rule');
}

function ruleView({ rule, applies, holds }: RuleVerdict): ExplainedRuleView {
  const { summary, roles = [] } = rule;
  return { summary, roles: [...roles], applies, holds };
}
