import type { Prompt } from 'ssh2';
import { printable } from '../base/remoteText.js';
import type { LoginQuestion } from './types.js';

const MAX_PROMPTS = 16;
const MAX_TEXT = 300;

const PASSWORD_WORDS =
  /pass(word|wort|phrase)|mot de passe|contraseña|contrasinal|senha|parol|пароль|lösenord|wachtwoord|hasło|heslo|jelszó|salasana|şifre|密码|密碼|パスワード|암호|비밀번호/i;
const CODE_WORDS = /otp|one[ -]?time|token|code|verif|2fa|mfa|authenticator|\bpin\b|duo/i;

/** What a server asks, made fit to be shown; what is too much of it is left out. */
export function printableQuestion(name: string, instructions: string, prompts: readonly Prompt[]): LoginQuestion {
  return {
    name: printable(name, MAX_TEXT),
    instructions: printable(instructions, MAX_TEXT),
    prompts: prompts
      .slice(0, MAX_PROMPTS)
      .map(({ prompt, echo }) => ({ text: printable(prompt, MAX_TEXT), echo: echo === true })),
  };
}

/** Whether this is how a server with PAM asks for the password, which then need not be typed as if it were a code. */
export function asksForPassword({ prompts }: LoginQuestion): boolean {
  const [only] = prompts;
  return (
    only !== undefined &&
    prompts.length === 1 &&
    !only.echo &&
    PASSWORD_WORDS.test(only.text) &&
    !CODE_WORDS.test(only.text)
  );
}
