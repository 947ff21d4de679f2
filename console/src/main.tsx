import { render } from 'preact';

render(<p>There is nothing here yet.</p>, document.querySelector('#app')!);
