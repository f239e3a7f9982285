import { integer, list, rate, text } from '#kernel';

/** What connectors read from the environment. */
export const connectorConfig = {
  SII_PARTNER_HOSTS: list({
    summary: 'hosts (with their port) of partners that returns may be given to; none by default',
  }),
  SII_PARTNER_SECRETS: text({
    summary: 'secrets of partners as name=secret, between commas; connectors know the name only',
    secret: true,
  }),
  SII_PARTNER_WEBHOOK_SECRETS: text({
    summary:
      'secrets that partners sign webhooks with as name=whsec_…, between commas; a name may stand twice while it is rotated',
    secret: true,
  }),
  SII_PARTNER_RATE: rate({ summary: 'calls to one partner from one process', fallback: 60 }),
  SII_PARTNER_TIMEOUT_MS: integer({
    summary: 'how long a partner may take to answer',
    fallback: 15_000,
    min: 100,
    max: 120_000,
  }),
} as const;

/** The secret of a name, or null. */
export function secretOf(secrets: string | undefined, name: string | null): string | null {
  if (name === null) return null;
  const found = (secrets ?? '')
    .split(',')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}
