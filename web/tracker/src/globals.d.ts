/** Whether page views can be counted by hand; decided when the build begins. */
declare const MANUAL: boolean;
