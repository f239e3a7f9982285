import { Injectable } from '@nestjs/common';
import { currentActor, Database, Events, Problem, Records } from '#kernel';
import { Group } from '../group/group.entity.js';
import { hasOrigin, hasSchemeOnly } from './evidence.js';
import { GroupResolved } from './policy.events.js';
import type { ResolveGroup } from './policy.input.js';
import { NotResolvable } from './policy.problems.js';
import { Resolution } from './resolution.entity.js';

/** What persons say of accepted groups that no origin can allow. */
@Injectable()
export class ResolutionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  /** Says it, or says something else than before. @throws Problem NotResolvable */
  async resolve(groupId: string, { how, hashes = [], reason }: ResolveGroup): Promise<Resolution> {
    return this.database.transaction(async () => {
      const group = await this.records.get(Group, groupId, 'update');
      if (!isPossible(group, how, hashes)) throw new Problem(NotResolvable);
      const known = await this.records.find(Resolution, { id: groupId }, 'update');
      const said = { how, hashes, reason, resolvedBy: currentActor().userId };
      const resolution = known
        ? Object.assign(known, said)
        : await this.records.insert(Resolution, { id: groupId, ...said });
      if (known) await this.records.store(resolution);
      await this.events.publish(GroupResolved, {
        subject: {
          type: 'security-csp.group',
          id: groupId,
          label: `${group.app} ${group.directive}`,
        },
        payload: { groupId, how },
        reason,
      });
      return resolution;
    });
  }
}

function isPossible(group: Group, how: string, hashes: readonly string[]): boolean {
  if (how === 'refuse') return true;
  if (how === 'scheme') return hasSchemeOnly(group);
  if (how === 'nonce') {
    const takesNonce =
      group.directive === 'script-src-elem' || group.directive === 'style-src-elem';
    return takesNonce && (group.blockedKind === 'inline' || hasOrigin(group));
  }
  return group.blockedKind === 'inline' && hashes.length > 0;
}
