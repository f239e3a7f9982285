import { defineEvent } from '#kernel';

/** What every event of an authenticator says; neither secret nor code is ever in one. */
export interface TotpFacts {
  readonly userId: string;
}

export const TotpEnrolled = defineEvent<TotpFacts>({
  name: 'totp.enrolled',
  version: 1,
  summary: 'a user’s authenticator app proved its first code; from now on codes are demanded',
});

export const TotpRemoved = defineEvent<TotpFacts>({
  name: 'totp.removed',
  version: 1,
  summary: 'a user’s authenticator app and recovery codes were removed',
});

export const RecoveryCodesRenewed = defineEvent<TotpFacts>({
  name: 'totp.recovery_codes_renewed',
  version: 1,
  summary: 'a user got new recovery codes; the earlier ones are void',
});

export const RecoveryCodeUsed = defineEvent<TotpFacts & { readonly left: number }>({
  name: 'totp.recovery_code_used',
  version: 1,
  summary: 'a user proved identity with a recovery code, which is void now',
});
