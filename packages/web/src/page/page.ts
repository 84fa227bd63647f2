// The page: sign in, talk, sign out.

import { elementById } from './element.js';
import { type Identity, keepIdentity, loadIdentity, tokenFor } from './identity.js';
import { Talk, TalkViews } from './talk.js';

const views = new TalkViews();
const signIn = elementById('sign-in', HTMLElement);
const note = elementById('sign-in-note', HTMLElement);
const nameField = elementById('sign-in-name', HTMLInputElement);
const tokenField = elementById('sign-in-token', HTMLTextAreaElement);

function showSignIn(reason: string): void {
  views.root.hidden = true;
  signIn.hidden = false;
  note.textContent = reason;
  document.title = 'Longwire 长连接';
  nameField.focus();
}

function enter(identity: Identity): void {
  signIn.hidden = true;
  views.root.hidden = false;
  views.who.textContent = identity.kind === 'name' ? identity.name : '';
  views.talk = new Talk(tokenFor(identity), views, { onRefused: (reason) => leave(`Not signed in 未登录: ${reason}`) });
}

function leave(reason: string): void {
  const { talk } = views;
  views.talk = undefined;
  keepIdentity(undefined);
  showSignIn(reason);
  void talk?.end();
}

elementById('sign-in-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const token = tokenField.value.trim();
  const name = nameField.value.trim();
  if (token === '' && name === '') {
    note.textContent = 'A name, or a token, please. 请输入用户名或令牌。';
    return;
  }
  const identity: Identity = token === '' ? { kind: 'name', name } : { kind: 'token', token };
  tokenField.value = '';
  keepIdentity(identity);
  enter(identity);
});

elementById('sign-out', HTMLButtonElement).addEventListener('click', () => leave(''));

const kept = loadIdentity();
if (kept === undefined) showSignIn('');
else enter(kept);
