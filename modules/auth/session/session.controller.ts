import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
  Conflict,
  currentActor,
  Despite,
  Forbidden,
  Id,
  Lists,
  mapPage,
  NotFound,
  Public,
  Sensitive,
  SIGNED_IN,
  StepUp,
} from '#kernel';
import type { Page } from '#kernel';
import { TooManyAttempts } from '../attempt/attempt.problems.js';
import { ChangePassword, SetPin } from '../credential/credential.input.js';
import {
  PasswordMustChange,
  PasswordRefused,
  PasswordUsedBefore,
  PinRefused,
} from '../credential/credential.problems.js';
import { PersonNeeded, StepUpNeeded } from '../identity/identity.problems.js';
import { TotpEnrolmentNeeded, TotpNeeded, WrongCode } from '../totp/totp.problems.js';
import { ProveByCode } from '../totp/totp.input.js';
import { ProofService } from './proof.service.js';
import { agentOf, SESSION_COOKIE, showSession, tokenOf } from './session.cookie.js';
import { ProveAgain, SignIn, Unlock } from './session.input.js';
import {
  CodeNeeded,
  PinSpent,
  SessionLocked,
  WrongCredentials,
  WrongProof,
} from './session.problems.js';
import { END_SESSIONS, READ_SESSIONS, sessionList, SessionService } from './session.service.js';
import type { SeenSession } from './session.service.js';
import { ListedSessionView, SessionView, WhoAmIView } from './session.view.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class SessionController {
  constructor(
    private readonly sessions: SessionService,
    private readonly proofs: ProofService,
  ) {}

  /** Public: it is how one becomes somebody. */
  @Post('login')
  @Public()
  @Answers(SessionView, WrongCredentials, TooManyAttempts)
  async login(
    @Body() input: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const earlier = tokenOf(request)?.token ?? null;
    const opened = await this.sessions.start(input, agentOf(request), earlier);
    return showSession(opened, request, reply);
  }

  @Post('logout')
  @Allow(SIGNED_IN)
  @Despite()
  @AnswersNothing(PersonNeeded)
  async logout(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.sessions.endOwn();
    void reply.clearCookie(SESSION_COOKIE, { path: '/' });
  }

  @Get('me')
  @Allow(SIGNED_IN)
  @Despite()
  @Answers(WhoAmIView)
  me(): WhoAmIView {
    return WhoAmIView.of(currentActor());
  }

  @Post('lock')
  @Allow(SIGNED_IN)
  @AnswersNothing(PersonNeeded)
  async lock(): Promise<void> {
    await this.sessions.lock();
  }

  @Post('unlock')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(SessionLocked)
  @Answers(SessionView, WrongProof, PinSpent, TooManyAttempts, PersonNeeded, NotFound)
  async unlock(
    @Body() input: Unlock,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return showSession(await this.sessions.unlock(input), request, reply);
  }

  /** The code that a sign-in without one still lacks. */
  @Post('totp/verify')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(TotpNeeded)
  @Answers(SessionView, WrongCode, TooManyAttempts, PersonNeeded, NotFound)
  async verify(
    @Body() { code }: ProveByCode,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return showSession(await this.proofs.verify(code), request, reply);
  }

  /** The proof that sensitive acts demand, anew. */
  @Post('step-up')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(TotpEnrolmentNeeded)
  @Answers(SessionView, WrongProof, CodeNeeded, WrongCode, TooManyAttempts, PersonNeeded, NotFound)
  async stepUp(
    @Body() input: ProveAgain,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return showSession(await this.proofs.stepUp(input), request, reply);
  }

  @Post('password')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(PasswordMustChange)
  @Answers(
    SessionView,
    WrongProof,
    PasswordRefused,
    PasswordUsedBefore,
    TooManyAttempts,
    PersonNeeded,
    Conflict,
  )
  async changePassword(
    @Body() input: ChangePassword,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return showSession(await this.sessions.changePassword(input, agentOf(request)), request, reply);
  }

  @Post('pin')
  @Sensitive()
  @Allow(SIGNED_IN)
  @AnswersNothing(WrongProof, PinRefused, TooManyAttempts, PersonNeeded)
  async setPin(@Body() input: SetPin): Promise<void> {
    await this.sessions.setPin(input);
  }

  @Get('sessions')
  @Allow(SIGNED_IN)
  @Lists(ListedSessionView, sessionList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<ListedSessionView>> {
    return mapPage(await this.sessions.list(null, query), listed);
  }

  @Get('users/:id/sessions')
  @Allow(READ_SESSIONS)
  @Lists(ListedSessionView, sessionList)
  async listOf(
    @Id() id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<ListedSessionView>> {
    return mapPage(await this.sessions.list(id, query), listed);
  }

  /** All but the present one. */
  @Delete('sessions')
  @Allow(SIGNED_IN)
  @StepUp()
  @AnswersNothing(PersonNeeded)
  async endOthers(): Promise<void> {
    await this.sessions.endAll(null);
  }

  @Delete('users/:id/sessions')
  @Allow(END_SESSIONS)
  @StepUp()
  @AnswersNothing(PersonNeeded, NotFound)
  async endAllOf(@Id() id: string): Promise<void> {
    await this.sessions.endAll(id);
  }

  @Delete('sessions/:id')
  @Allow(SIGNED_IN)
  @AnswersNothing(StepUpNeeded, PersonNeeded, Forbidden, NotFound)
  async end(@Id() id: string): Promise<void> {
    await this.sessions.end(id);
  }
}

function listed({ session, terminalName }: SeenSession): ListedSessionView {
  return ListedSessionView.of(session, currentActor().sessionId, terminalName);
}
