import { defineEvent } from '#kernel';

export const AppCreated = defineEvent<{ appId: string; slug: string }>({
  name: 'csp_app.created',
  version: 1,
  summary: 'violation reports are taken for a web application',
});

export const AppChanged = defineEvent<{ appId: string; slug: string }>({
  name: 'csp_app.changed',
  version: 1,
  summary: 'the hosts of a web application changed, or which policy versions are old',
});
