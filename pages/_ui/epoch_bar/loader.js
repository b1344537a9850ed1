// There is nothing large: the marks travel with the small message.
export default (component) => mounted(component, (view, told) => view.update(told));
