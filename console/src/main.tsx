import { render, type ComponentChild } from 'preact';
import { Api } from './api.ts';
import { App } from './app.tsx';

const place = document.querySelector('#app')!;
const show = (what: ComponentChild): void => {
  // What stands there until the first view is not replaced, but taken away.
  place.replaceChildren();
  render(what, place);
};
Api.open().then(
  (api) => show(<App api={api} />),
  () => show(<p class="problem">The server does not answer.</p>),
);
