import { Injectable } from '@nestjs/common';

/** The time of day as the house reads it; injected so that a test can move it. */
@Injectable()
export class Clock {
  /** The present instant. */
  now(): Date {
    return new Date();
  }
}
