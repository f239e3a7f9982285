import { defineEvent } from '#kernel';

/** What every event of an API key says; the key itself is never in one. */
export interface ApiKeyFacts {
  readonly apiKeyId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string;
}

export const ApiKeyCreated = defineEvent<ApiKeyFacts>({
  name: 'api_key.created',
  version: 1,
  summary: 'a bot was given an API key',
});

export const ApiKeyRevoked = defineEvent<ApiKeyFacts>({
  name: 'api_key.revoked',
  version: 1,
  summary: 'an API key was taken back before its end',
});
