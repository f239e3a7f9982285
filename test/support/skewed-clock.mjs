// Loaded before a program of the house (`node --import`): a machine whose clock is wrong by
// OFITEC_TEST_CLOCK_SKEW_MS. Everything that asks the time by Date is told the wrong one.
const skewMs = Number(process.env.OFITEC_TEST_CLOCK_SKEW_MS ?? 0);
const RightDate = Date;

globalThis.Date = class Date extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(RightDate.now() + skewMs);
    else super(...given);
  }

  static now() {
    return RightDate.now() + skewMs;
  }
};
