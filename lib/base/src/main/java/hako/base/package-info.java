@org.jspecify.annotations.NullMarked
package hako.base;
