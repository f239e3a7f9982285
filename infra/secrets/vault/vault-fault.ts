/** What went wrong with Vault, as an operator must tell them apart. */
export type VaultTrouble =
  /** Nobody takes the connection. */
  | 'unreachable'
  /** Its certificate is not of the authority that we know. */
  | 'distrusted'
  /** No whole answer in time; what was asked may have been done. */
  | 'silent'
  | 'sealed'
  | 'uninitialised'
  /** It stands by and knows of no active server. */
  | 'standby'
  /** 403: the token is wrong, has ended, or may not. */
  | 'denied'
  /** 429, for longer than we wait. */
  | 'limited'
  | 'absent'
  /** Check-and-set: somebody wrote in between. */
  | 'conflict'
  /** 400: it does not do what it is asked. */
  | 'refused'
  /** It wants us to go to an address that nobody named. */
  | 'redirected'
  | 'broken';

/** A request that Vault did not fulfil. The message holds neither tokens nor values. */
export class VaultFault extends Error {
  constructor(
    readonly trouble: VaultTrouble,
    message: string,
    /** Whether it may have been done all the same. */
    readonly outcomeUnknown = false,
  ) {
    super(message);
  }
}

export function isTrouble(error: unknown, ...troubles: readonly VaultTrouble[]): boolean {
  return error instanceof VaultFault && troubles.includes(error.trouble);
}
