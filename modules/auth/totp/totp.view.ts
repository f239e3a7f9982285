import { BooleanField, InstantField, IntegerField, TextField, WordsField } from '#kernel';
import { SessionView } from '../session/session.view.js';

/** What an authenticator app is fed with; shown only here. */
export class TotpEnrolmentView {
  @TextField({ max: 500, description: 'otpauth URL, to be shown as a QR code' })
  url!: string;

  @TextField({ max: 64, description: 'the same secret in base32, to be typed' })
  secret!: string;
}

const CODES = {
  maxItems: 10,
  max: 40,
  description: 'each is good once, in place of a code; they are shown only here',
} as const;

export class RecoveryCodesView {
  @WordsField(CODES)
  recoveryCodes!: string[];
}

/** The session goes on with another token, since the code proved who has it. */
export class ConfirmedTotpView extends SessionView {
  @WordsField(CODES)
  recoveryCodes!: string[];
}

export class TotpView {
  @BooleanField()
  enrolled!: boolean;

  @InstantField({ nullable: true })
  enrolledAt!: string | null;

  @IntegerField({ min: 0, max: 10 })
  recoveryCodesLeft!: number;
}
