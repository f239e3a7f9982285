import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
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
import { SESSION_COOKIE } from './session.authenticator.js';
import { SignIn, Unlock } from './session.input.js';
import { PinSpent, SessionLocked, WrongCredentials, WrongProof } from './session.problems.js';
import { READ_SESSIONS, sessionList, SessionService } from './session.service.js';
import type { Opened } from './session.service.js';
import { ListedSessionView, SessionView, SignedInUserView, WhoAmIView } from './session.view.js';

@ApiTags('auth')
@Controller('api/v1/auth')
export class SessionController {
  constructor(private readonly sessions: SessionService) {}

  /** Public: it is how one becomes somebody. */
  @Post('login')
  @Public()
  @Answers(SessionView, WrongCredentials, TooManyAttempts)
  async login(
    @Body() input: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return shown(await this.sessions.start(input, agentOf(request)), request, reply);
  }

  @Post('logout')
  @Allow(SIGNED_IN)
  @Despite()
  @AnswersNothing(Forbidden)
  async logout(@Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.sessions.endOwn();
    void reply.clearCookie(SESSION_COOKIE, { path: '/' });
  }

  @Get('me')
  @Allow(SIGNED_IN)
  @Despite()
  @Answers(WhoAmIView)
  me(): WhoAmIView {
    const actor = currentActor();
    const hindrance = actor.hindrance?.code ?? null;
    const permissions = [...actor.permissions].sort();
    return { user: SignedInUserView.of(actor), hindrance, permissions };
  }

  @Post('lock')
  @Allow(SIGNED_IN)
  @AnswersNothing(Forbidden)
  async lock(): Promise<void> {
    await this.sessions.lock();
  }

  @Post('unlock')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(SessionLocked)
  @Answers(SessionView, WrongProof, PinSpent, TooManyAttempts, Forbidden, NotFound)
  async unlock(
    @Body() input: Unlock,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return shown(await this.sessions.unlock(input), request, reply);
  }

  @Post('password')
  @Sensitive()
  @Allow(SIGNED_IN)
  @Despite(PasswordMustChange)
  @Answers(SessionView, WrongProof, PasswordRefused, PasswordUsedBefore, TooManyAttempts, Forbidden)
  async changePassword(
    @Body() input: ChangePassword,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return shown(await this.sessions.changePassword(input, agentOf(request)), request, reply);
  }

  @Post('pin')
  @Sensitive()
  @Allow(SIGNED_IN)
  @AnswersNothing(WrongProof, PinRefused, TooManyAttempts, Forbidden)
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

  @Delete('sessions/:id')
  @Allow(SIGNED_IN)
  @AnswersNothing(Forbidden, NotFound)
  async end(@Id() id: string): Promise<void> {
    await this.sessions.end(id);
  }
}

/** The token in the answer, and in a cookie that scripts cannot read. */
function shown(opened: Opened, request: FastifyRequest, reply: FastifyReply): SessionView {
  void reply.setCookie(SESSION_COOKIE, opened.token, {
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
    path: '/',
    expires: opened.expiresAt,
  });
  return SessionView.of(opened);
}

function listed(session: Parameters<typeof ListedSessionView.of>[0]): ListedSessionView {
  return ListedSessionView.of(session, currentActor().sessionId);
}

function agentOf(request: FastifyRequest): string | null {
  return request.headers['user-agent']?.slice(0, 200) ?? null;
}
