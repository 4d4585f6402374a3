@org.jspecify.annotations.NullMarked
package hako.agent;
