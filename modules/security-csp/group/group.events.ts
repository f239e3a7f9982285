import { defineEvent } from '#kernel';

/** What events tell of a group. */
export interface GroupFacts {
  readonly groupId: string;
  readonly appId: string;
  readonly app: string;
}

export const GroupAccepted = defineEvent<GroupFacts>({
  name: 'csp_group.accepted',
  version: 1,
  summary: 'a person says that the app needs what was blocked',
});

export const GroupRejected = defineEvent<GroupFacts>({
  name: 'csp_group.rejected',
  version: 1,
  summary: 'a person says that what was blocked stays blocked',
});

export const GroupMarked = defineEvent<GroupFacts & { noise: boolean }>({
  name: 'csp_group.marked',
  version: 1,
  summary: 'a person says whether a group of reports is noise, whatever the rules say',
});

export const GroupsExported = defineEvent<{ filters: Readonly<Record<string, unknown>> }>({
  name: 'csp_groups.exported',
  version: 1,
  summary: 'groups of violation reports were downloaded',
});
